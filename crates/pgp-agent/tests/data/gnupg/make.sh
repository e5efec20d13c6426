#!/bin/sh
# Made the files in this folder with GnuPG 2.2.40 (Debian 12), and `ours.*` with countersign-pgp:
#   sh make.sh FOLDER-OF-COUNTERSIGN-PGP
# Every run makes other keys; the tests need none of their values.
set -eu
cd "$(dirname "$0")"
export GNUPGHOME="$(mktemp -d)"
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME" keys' EXIT
gpg="gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase="
printf 'the octets that were signed\n' > data

# sign NAME USER-ID [OPTION…]: a detached signature as the PGP scheme asks for.
sign() {
    name=$1 user=$2; shift 2
    $gpg -u "$user" --digest-algo SHA256 --no-armor --sig-notation '!cs1@countersign.invalid=uac' \
        --default-sig-expire seconds=300 "$@" --output "$name.sig" --detach-sign data
}
# key NAME USER-ID ALGORITHM USAGE EXPIRY [OPTION…]
key() {
    name=$1 user=$2; shift 2; algorithm=$1 usage=$2 expiry=$3; shift 3
    $gpg "$@" --quick-gen-key "$user" "$algorithm" "$usage" "$expiry"
}
export_key() { $gpg --armor --output "$1.pub.asc" --export "$2"; }
fingerprint() { $gpg --with-colons --list-keys "$1" | awk -F: '/^fpr/ { print $10; exit }'; }

# An Ed25519 key that signs, with an encryption subkey.
key ed25519 sip:ed@example.org ed25519 sign never
$gpg --quick-add-key "$(fingerprint sip:ed@example.org)" cv25519 encr never
sign ed25519 sip:ed@example.org
sign sha1 sip:ed@example.org --digest-algo SHA1
sign unknown sip:ed@example.org --sig-notation '!other@example.org=x'
export_key ed25519 sip:ed@example.org

# A primary key that only certifies, with an RSA signing subkey.
key subkey sip:sub@example.org ed25519 cert never
$gpg --quick-add-key "$(fingerprint sip:sub@example.org)" rsa2048 sign never
sign subkey sip:sub@example.org
export_key subkey sip:sub@example.org

# A key too short.
key weak sip:weak@example.org rsa1024 sign never
sign weak sip:weak@example.org
export_key weak sip:weak@example.org

# A key that expired in 2023, and a signature of its time.
key expired sip:old@example.org ed25519 sign 1d --faked-system-time 1700000000!
sign expired sip:old@example.org --faked-system-time 1700000100!
export_key expired sip:old@example.org

# A key that was revoked after it signed.
key revoked sip:gone@example.org ed25519 sign never
sign revoked sip:gone@example.org
export_key before-revocation sip:gone@example.org
sed 's/^:---/---/' "$GNUPGHOME/openpgp-revocs.d/$(fingerprint sip:gone@example.org).rev" \
    | $gpg --import
export_key revoked sip:gone@example.org

# Our own key, and messages of GnuPG to it: as it must be, compressed, and without integrity.
"$1/countersign-pgp" generate --keys keys --user-id sip:ours@example.org --no-passphrase
cp keys/*.sec.asc ours.sec.asc
"$1/countersign-pgp" export --keys keys "$(basename keys/*.sec.asc .sec.asc)" > ours.pub.asc
$gpg --import ours.pub.asc
encrypt="$gpg --trust-model always --no-armor --recipient sip:ours@example.org"
$encrypt -z 0 --output plain.pgp --encrypt data
$encrypt -z 6 --output compressed.pgp --encrypt data
$encrypt -z 0 --rfc2440 --disable-mdc --cipher-algo AES256 --output unprotected.pgp --encrypt data
