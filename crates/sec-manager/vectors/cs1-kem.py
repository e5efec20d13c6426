#!/usr/bin/env python3
"""Vectors of `cs1-kem`, by another implementation than the product's.

ML-KEM-768 is that of kyber-py, X25519 that of OpenSSL (through cryptography), SHA-3, SHAKE, HMAC and
SHA-256 are Python's own; X-Wing is put together here from draft-connolly-cfrg-xwing-kem-06 section 5,
HKDF from RFC 5869.

    pip install kyber-py cryptography
    python3 cs1-kem.py > cs1-kem.json
"""

import hashlib
import hmac
import json

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from kyber_py.ml_kem import ML_KEM_768

LABEL = bytes.fromhex("5c2e2f2f5e5c")  # \.//^\


def expand(seed):
    octets = hashlib.shake_256(seed).digest(96)
    public, secret = ML_KEM_768._keygen_internal(octets[:32], octets[32:64])
    private = X25519PrivateKey.from_private_bytes(octets[64:])
    return secret, private, public, private.public_key().public_bytes_raw()


def combine(ml, x, ciphertext, public):
    return hashlib.sha3_256(ml + x + ciphertext + public + LABEL).digest()


def encapsulate(key, randomness):
    public, theirs = key[:1184], key[1184:]
    ml, ciphertext = ML_KEM_768._encaps_internal(public, randomness[:32])
    ephemeral = X25519PrivateKey.from_private_bytes(randomness[32:])
    ours = ephemeral.public_key().public_bytes_raw()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(theirs))
    return ciphertext + ours, combine(ml, shared, ours, theirs)


def decapsulate(seed, ciphertext):
    secret, private, _, public = expand(seed)
    ml = ML_KEM_768.decaps(secret, ciphertext[:1088])
    theirs = ciphertext[1088:]
    shared = private.exchange(X25519PublicKey.from_public_bytes(theirs))
    return combine(ml, shared, theirs, public)


def prefixed(*items):
    return b"".join(len(item).to_bytes(4, "big") + item for item in items)


def derived(extracted, info, length):
    octets, block = b"", b""
    while len(octets) < length:
        block = hmac.digest(extracted, block + info + bytes([len(octets) // 32 + 1]), "sha256")
        octets += block
    return octets[:length]


def octets(label, length):
    return hashlib.shake_256(label.encode()).digest(length)


def vector(number, suite, length):
    seed, randomness = octets(f"seed {number}", 32), octets(f"randomness {number}", 64)
    _, _, public, theirs = expand(seed)
    key = public + theirs
    ciphertext, shared = encapsulate(key, randomness)
    assert decapsulate(seed, ciphertext) == shared
    names = (f"call-{number}@192.0.2.1", f"1928301774{number}", f"8321234356{number}")
    offerer, answerer = octets(f"offerer {number}", length), octets(f"answerer {number}", length)
    context = prefixed(b"countersign cs1-kem 1", *(name.encode() for name in names),
                       str(number).encode(), key, ciphertext)
    extracted = hmac.digest(hashlib.sha256(context).digest(), shared + offerer + answerer, "sha256")
    keys = [derived(extracted, prefixed(whose, suite.encode()), length)
            for whose in (b"offerer", b"answerer")]
    return {
        "seed": seed.hex(),
        "randomness": randomness.hex(),
        "key": key.hex(),
        "ciphertext": ciphertext.hex(),
        "shared": shared.hex(),
        "call_id": names[0],
        "from_tag": names[1],
        "to_tag": names[2],
        "line": number,
        "suite": suite,
        "offerer": offerer.hex(),
        "answerer": answerer.hex(),
        "agreed_offerer": keys[0].hex(),
        "agreed_answerer": keys[1].hex(),
    }


suites = [("AEAD_AES_128_GCM", 28), ("AES_CM_128_HMAC_SHA1_80", 30)]
print(json.dumps([vector(number, *suites[number % 2]) for number in range(4)], indent=1))
