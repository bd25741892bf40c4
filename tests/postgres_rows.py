"""Put the rows of a PostgreSQL test database back: a fraction of the work of dropping it and copying the template again.

What the migrations left is kept in a schema beside. Whoever changed more than rows (a table, a trigger, a right) gets a new copy instead.
"""

from django.db import connection

KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE one record; filled boolean; BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', one.tablename) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE kept.%I AS TABLE public.%I', one.tablename, one.tablename);
        END IF;
    END LOOP;
END $$;
CREATE TABLE kept."the sequences" AS
    SELECT sequencename AS name, last_value AS was FROM pg_sequences WHERE schemaname = 'public';
"""

SHAPE = """
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
    SELECT concat('class ', oid, relname, relnatts, relchecks, relrowsecurity, relacl, reloptions) FROM pg_class
        WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('column ', attrelid, attnum, attname, atttypid, atttypmod, attnotnull, attisdropped, attacl)
        FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT concat('constraint ', oid, conname, convalidated) FROM pg_constraint
    UNION ALL SELECT concat('trigger ', oid, tgname, tgenabled) FROM pg_trigger
    UNION ALL SELECT concat('function ', oid, proname, md5(prosrc), proacl) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT concat('schema ', oid, nspname, nspacl) FROM pg_namespace WHERE nspname !~ '^pg_(temp|toast_temp)_'
    UNION ALL SELECT concat('setting ', setrole, setconfig) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
) AS parts(part)
"""

# no trigger may refuse or note it, and no foreign key asks for an order
RESTORE = """
DO $$ DECLARE one record; filled boolean; BEGIN
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT tablename AS name, to_regclass(format('kept.%I', tablename)) IS NOT NULL AS kept
            FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', one.name) INTO filled;
        IF filled THEN
            EXECUTE format('DELETE FROM public.%I', one.name);
        END IF;
        IF one.kept THEN
            EXECUTE format('INSERT INTO public.%I SELECT * FROM kept.%I', one.name, one.name);
        END IF;
    END LOOP;
    FOR one IN SELECT name, was FROM pg_sequences JOIN kept."the sequences" ON name = sequencename
            WHERE schemaname = 'public' AND last_value IS DISTINCT FROM was LOOP
        PERFORM setval(format('public.%I', one.name)::regclass, coalesce(one.was, 1), one.was IS NOT NULL);
    END LOOP;
END $$
"""

ALONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def keep() -> str:
    """Set aside what the migrations left; returns the shape of the database."""
    with connection.cursor() as cursor:
        cursor.execute(KEEP)
        return shape()


def shape() -> str:
    with connection.cursor() as cursor:
        cursor.execute(SHAPE)
        return cursor.fetchone()[0]


def restore(was: str) -> bool:
    """Cut all other connections and put the rows back; False if there is more to put back than rows."""
    with connection.cursor() as cursor:
        cursor.execute(ALONE)
        if shape() != was:
            return False
        cursor.execute(RESTORE)
    return True
