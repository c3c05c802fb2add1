// Package e2e drives the built program as people and machines outside it do:
// mails come in through Dovecot, letters leave through Postfix, the team works
// on the pages with a browser or with plain HTTP, the process is stopped and
// killed. It imports none of the program's packages and is a module of its own,
// because of the browser driver.
//
// DSR_BINARY names the program; without it, it is built. DSR_TEST_DATABASE_URL
// names a PostgreSQL server for tests; without it each service runs the
// program's own. What the machine lacks is left out and said; with CI=true that
// is a failure. All servers listen on loopback and relay nothing.
package e2e
