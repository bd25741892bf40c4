from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

AUDIT = ("lms_auditentry", "lms_auditlink", "lms_auditanchor", "lms_auditcheck")


class Command(BaseCommand):
    help = (
        "On PostgreSQL, run by the owner of the tables: give the role of the web and of the workers all they need, and of the audit log "
        "only reading and adding. Safe to repeat; to be repeated after an upgrade."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role", help="the role in the DATABASE_URL of the running platform; it must exist")
        parser.add_argument("--print", action="store_true", dest="only_print", help="only print the statements")

    def handle(self, *args: Any, role: str, only_print: bool, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("只有 PostgreSQL 有角色；SQLite 靠表上的触发器。")
        with transaction.atomic(), connection.cursor() as cursor:
            self.refuse(cursor, role)
            for statement in statements(connection.ops.quote_name(role)):
                if only_print:
                    self.stdout.write(f"{statement};")
                else:
                    cursor.execute(statement)
        if not only_print:
            self.stdout.write(f"角色 {role} 可以读写各表；审计的表只能读、只能添。")

    def refuse(self, cursor: Any, role: str) -> None:
        """A role that could give itself back what is taken from it is none to run the platform with."""
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found is None:
            raise CommandError(f"没有角色 {role}。先建一个：CREATE ROLE {role} LOGIN PASSWORD '…'")
        cursor.execute(
            "SELECT bool_or(pg_has_role(%s, tableowner, 'MEMBER')) FROM pg_tables WHERE tablename = ANY(%s)",
            [role, list(AUDIT)],
        )
        if found[0] or cursor.fetchone()[0]:
            raise CommandError(f"角色 {role} 是超级用户，或者就是表的所有者，限制不住它。请另建一个角色给平台用。")


def statements(role: str) -> list[str]:
    tables = ", ".join(AUDIT)
    return [
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        # tables of later migrations, which the owner runs
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        f"REVOKE ALL ON {tables} FROM {role}, PUBLIC",
        f"GRANT SELECT, INSERT ON {tables} TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
    ]
