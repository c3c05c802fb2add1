//go:build !cgo && !nodynamic

package document

// unconfinable says why this build cannot confine its readers. Without a C
// compiler the reader of HEIC photographs links a stand-in for cgo, beside which
// the runtime refuses to confine all threads; the tag leaves that stand-in out.
const unconfinable = "This program was built without a C compiler and without `-tags nodynamic`: attachments are not opened. Build it with that tag."
