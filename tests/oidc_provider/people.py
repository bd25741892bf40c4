"""Who signs on at the city's provider, what it says of them, and in which ways its word can be bad."""

from datetime import timedelta
from typing import Any

from jwcrypto import jwk, jwt
from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.oidc_provider.settings import new_key

PEOPLE: dict[str, dict[str, Any]] = {
    "by-number": {"preferred_username": "w0001"},
    "by-number-too": {"preferred_username": "W0001"},
    "by-mobile": {"preferred_username": "+86 139 0715 0001"},
    "stranger": {"preferred_username": "W9999"},
    "nameless": {},
    "of-no-kind": {"preferred_username": ["W0001"]},
    "gone": {"preferred_username": "W0002"},
    "admin": {"preferred_username": "county-admin", "amr": ["pwd"]},
    "admin-with-phone": {"preferred_username": "county-admin", "amr": ["pwd", "mfa"]},
    # of these the identity token is no good
    "late": {"preferred_username": "W0001"},
    "forged": {"preferred_username": "W0001"},
    "for-another": {"preferred_username": "W0001", "aud": "somebody-else"},
    "replayed": {"preferred_username": "W0001", "nonce": "of-another-sign-in"},
    "elsewhere": {"preferred_username": "W0001", "iss": "http://evil.example"},
}


class Claims(OAuth2Validator):
    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        return PEOPLE[request.user.username]

    def get_id_token_dictionary(self, token: Any, token_handler: Any, request: Any) -> Any:
        claims, expires = super().get_id_token_dictionary(token, token_handler, request)
        if request.user.username == "late":
            claims["exp"] = int((expires - timedelta(days=1)).timestamp())
        return {**claims, **PEOPLE[request.user.username]}, expires

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> str:
        signed = super().finalize_id_token(id_token, token, token_handler, request)
        if request.user.username != "forged":
            return signed
        # the same claims and the name of the right key, signed with another
        told = jwt.JWT(jwt=signed, key=request.client.jwk_key)
        again = jwt.JWT(header=told.header, claims=told.claims)
        again.make_signed_token(jwk.JWK.from_pem(new_key().encode()))
        return again.serialize()
