#!/bin/sh
# Builds the binary map from redirects.map, in this folder: found at once, however many lines. httxt2dbm comes with
# Apache (Debian: apache2-utils, Red Hat: httpd-tools). A running server takes the new map with the next request.
set -eu
cd "$(dirname "$0")"
PATH="$PATH:/usr/sbin:/usr/local/sbin:/sbin"
rm -f redirects.new.dir redirects.new.pag
# Twice: while a file of more than some 200,000 lines grows, SDBM stores a few where it does not look for them later,
# and says nothing. Once it has grown, they go to their places.
httxt2dbm -f SDBM -i redirects.map -o redirects.new
httxt2dbm -f SDBM -i redirects.map -o redirects.new
chmod 644 redirects.new.dir redirects.new.pag redirects.map
chmod a+rx .
mv redirects.new.pag redirects.sdbm.pag
mv redirects.new.dir redirects.sdbm.dir
