#!/bin/sh
# Makes the certificates, keys and signatures of this directory, which neither rcgen nor
# aws-lc-rs will make, with OpenSSL 3. Run once; the results are committed.
set -eu
cd "$(dirname "$0")"
days=20000
rm -f ./*.pem rsa1024.p*

openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out pkcs8.pem
openssl rsa -in pkcs8.pem -traditional -out pkcs1.pem
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 | openssl ec -out sec1.pem

# Ordinary ones, for the forms of keys.
openssl req -x509 -new -key pkcs8.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days $days -out rsa2048.pem
openssl req -x509 -new -key sec1.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days $days -out p256.pem

# X.509 version 1: a request signed without extensions.
openssl req -new -key sec1.pem -subj /CN=localhost | openssl x509 -req -signkey sec1.pem -days $days -out v1.pem

# Signed with SHA-1.
openssl req -x509 -new -key pkcs8.pem -sha1 -subj /CN=localhost -addext subjectAltName=DNS:localhost -days $days -out sha1.pem

# A critical extension that nobody knows.
openssl req -x509 -new -key sec1.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -addext 1.2.3.4.5=critical,DER:0500 -days $days -out odd.pem

# RSA 1024, and signatures with its key.
openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out rsa1024.key.pem
openssl req -x509 -new -key rsa1024.key.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days $days -out rsa1024.pem
sign() {
    echo "signed by openssl" | openssl dgst -"$1" -sign rsa1024.key.pem -out "rsa1024.$2-$1" $3
}
for hash in sha256 sha512; do sign $hash pkcs1 ""; done
for hash in sha256 sha384; do sign $hash pss "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest"; done
