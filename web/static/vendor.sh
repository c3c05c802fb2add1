#!/bin/sh
# Fetches the two style libraries of the pages from npm, takes the council's
# service out of GOV.UK's clothes, and writes VENDORED.md. Run it by hand when a
# version changes; nobody needs npm to build or run the program.
set -eu

govuk_version=6.6.0
govuk_sha256=52c4eb554e54d8a6e4ba801e9da5ec3a5b930fd2f117a39677f0b6296e954751
moj_version=11.1.0
moj_sha256=9ec6ccf0739cefee1fdc663ca61387204dcf3fd9bfcfafa8b9159d993f38984b

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm pack --silent "govuk-frontend@$govuk_version" "@ministryofjustice/frontend@$moj_version" >/dev/null
echo "$govuk_sha256  govuk-frontend-$govuk_version.tgz" | sha256sum -c --quiet
echo "$moj_sha256  ministryofjustice-frontend-$moj_version.tgz" | sha256sum -c --quiet
mkdir govuk moj
tar xzf "govuk-frontend-$govuk_version.tgz" -C govuk --strip-components=1
tar xzf "ministryofjustice-frontend-$moj_version.tgz" -C moj --strip-components=1

# The typeface and the crest belong to GOV.UK's own domain, and this service is
# not on it; the logotypes go with them. Source maps are not shipped.
debrand() {
	sed -E \
		-e 's/@font-face\{[^}]*\}//g' \
		-e 's/GDS Transport,arial,sans-serif/"Helvetica Neue",Helvetica,Arial,sans-serif/g' \
		-e 's/\.(moj-header__logotype|govuk-footer)[a-z_-]*(crest|crown)[^{},]*\{[^}]*\}//g' \
		-e 's#url\(/assets/images/govuk-crest\.svg\)#none#g' \
		-e 's#url\(/assets/images/#url(moj/#g' \
		-e 's#/\*\# sourceMappingURL=.*\*/##' "$1"
}
debrand govuk/dist/govuk/govuk-frontend.min.css >"$here/govuk-frontend.min.css"
debrand moj/moj/moj-frontend.min.css >"$here/moj-frontend.min.css"
sed -e 's#//\# sourceMappingURL=.*##' govuk/dist/govuk/govuk-frontend.min.js >"$here/govuk-frontend.min.js"
rm -rf "$here/moj"
mkdir "$here/moj"
grep -o 'url(moj/[^)]*)' "$here/moj-frontend.min.css" | sed 's#url(moj/\(.*\))#\1#' | sort -u | while read -r icon; do
	cp "moj/moj/assets/images/$icon" "$here/moj/$icon"
done

cd "$here"
{
	echo "# Files from elsewhere"
	echo
	echo "Written by \`vendor.sh\`; do not edit these files by hand."
	echo
	echo "| package | version | sha256 of the npm archive | licence |"
	echo "|---|---|---|---|"
	echo "| govuk-frontend | $govuk_version | $govuk_sha256 | MIT, LICENCE-govuk-frontend.txt |"
	echo "| @ministryofjustice/frontend | $moj_version | $moj_sha256 | MIT, LICENCE-moj-frontend.txt |"
	echo
	echo "Changed on the way in: the typeface GDS Transport, the crest and the logotypes"
	echo "are taken out, icons are named by a relative path, source maps are left behind."
	echo
	echo "| file | sha256 |"
	echo "|---|---|"
	sha256sum govuk-frontend.min.css govuk-frontend.min.js moj-frontend.min.css moj/*.svg |
		awk '{ print "| " $2 " | " $1 " |" }'
} >VENDORED.md
