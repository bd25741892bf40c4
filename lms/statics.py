"""Static files under names that change with what is in them: kept by browsers for ever, and never the wrong one."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class Named(CompressedManifestStaticFilesStorage):
    """Also what a script imports is named so; otherwise a phone would ask again for each part of a page at every load."""

    support_js_module_import_aggregation = True
