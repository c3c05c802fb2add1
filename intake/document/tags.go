//go:build cgo || nodynamic

package document

// unconfinable says why this build cannot confine its readers, "" when it can.
const unconfinable = ""
