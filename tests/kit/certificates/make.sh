#!/bin/sh
# Remakes the certificates of the tests, valid for 30 years. The keys protect nothing.
#
#   ca.pem                    signs server.pem and client.pem; ca-key.pem is its key
#   server.pem                for localhost, 127.0.0.1 and ::1; server-key.pem, server-key-encrypted.pem, server.p12
#   client.pem                for a client named "client"; client-key.pem
#   other-ca.pem              a CA that nobody trusts; other-ca-key.pem
#   other-client.pem          its client, named "client" too; other-client-key.pem
#
# The password of server-key-encrypted.pem and server.p12 is "changeit".
set -eu
cd "$(dirname "$0")"
days=10957
password=changeit
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

key() {
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"
}

# authority NAME SUBJECT
authority() {
  key "$1-key.pem"
  openssl req -x509 -new -key "$1-key.pem" -days "$days" -subj "/CN=$2" -out "$1.pem" \
    -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign"
}

# issue NAME AUTHORITY SUBJECT USAGE [SUBJECT_ALT_NAME]
issue() {
  key "$1-key.pem"
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=$4"
    if [ -n "${5:-}" ]; then echo "subjectAltName=$5"; fi
  } > "$scratch/$1.cnf"
  openssl req -new -key "$1-key.pem" -subj "/CN=$3" -out "$scratch/$1.csr"
  openssl x509 -req -in "$scratch/$1.csr" -CA "$2.pem" -CAkey "$2-key.pem" -days "$days" \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$scratch/$1.cnf" -out "$1.pem"
}

authority ca "Test CA"
authority other-ca "Another test CA"
issue server ca localhost serverAuth "DNS:localhost,IP:127.0.0.1,IP:::1"
issue client ca client clientAuth
issue other-client other-ca client clientAuth
openssl pkcs8 -topk8 -in server-key.pem -v2 aes-256-cbc -passout "pass:$password" -out server-key-encrypted.pem
openssl pkcs12 -export -in server.pem -inkey server-key.pem -certfile ca.pem -name server \
  -passout "pass:$password" -out server.p12
chmod 644 ./*.pem ./*.p12
