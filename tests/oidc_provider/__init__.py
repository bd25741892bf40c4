"""A city's sign-on for the tests: a real OpenID Connect provider in a process, with settings and a database of its own."""
