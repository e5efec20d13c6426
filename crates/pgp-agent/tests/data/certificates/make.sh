#!/bin/sh
# Made the certificates in this folder with GnuPG 2.2.40 (Debian 12): sh make.sh
# Each is of one kind that an import meets. Every run makes other keys; the tests need none of
# their values.
set -eu
cd "$(dirname "$0")"
export GNUPGHOME="$(mktemp -d)"
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
gpg="gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase="
gpg="$gpg --faked-system-time 1700000000!" # So that they are old wherever a test runs.
fingerprint() { $gpg --with-colons --list-keys "$1" | awk -F: '/^fpr/ { print $10; exit }'; }

# key NAME ALGORITHM [OPTION…]: one whose user id is sip:NAME@example.org, exported by `export_key`.
key() {
    name=$1 algorithm=$2; shift 2
    $gpg "$@" --quick-gen-key "sip:$name@example.org" "$algorithm" sign never
}
export_key() { name=$1; shift; $gpg "$@" --output "$name.pgp" --export "sip:$name@example.org"; }

# As GnuPG backs it up: a trust packet after every key, user id and signature (tag 12).
key backup ed25519
$gpg --quick-add-key "$(fingerprint sip:backup@example.org)" cv25519 encr never
export_key backup --export-options backup

# Certified by somebody else too.
key other ed25519
key certified ed25519
$gpg -u sip:other@example.org --quick-sign-key "$(fingerprint sip:certified@example.org)" > /dev/null
export_key certified

# Self-signatures of SHA-1.
key sha1 ed25519 --cert-digest-algo SHA1
export_key sha1

# A primary key over a curve that rPGP does not know.
key brainpool brainpoolP256r1
export_key brainpool

# Without its user id, as key servers hand it out.
key nameless ed25519
export_key nameless --export-filter 'keep-uid=uid=none'

# The private part.
key secret ed25519
$gpg --output secret.pgp --export-secret-keys sip:secret@example.org

# User ids that were revoked: the only one, and one of two.
key revoked ed25519
$gpg --quick-add-uid sip:revoked@example.org sip:kept@example.org
$gpg --quick-revoke-uid sip:revoked@example.org sip:revoked@example.org
export_key revoked --export-filter 'keep-uid=uid=sip:revoked@example.org'
export_key kept
