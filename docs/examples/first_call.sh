#!/usr/bin/env bash
# Calls one action with curl and openssl: all that signature ACS3-HMAC-SHA256 needs, on one page.
#
#   export KEYSTEAD_ENDPOINT=http://127.0.0.1:8420
#   export ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=...   # and ALIBABA_CLOUD_SECURITY_TOKEN for STS
#   docs/examples/first_call.sh sts GetCallerIdentity
#   docs/examples/first_call.sh ram CreateUser UserName=alice 'DisplayName=Alice Adams'
#
# Prints the answer; the exit code is 0 for an answer, 1 for a refusal. openssl is given the secret as an argument,
# which others on the same machine can see while it runs: programs use an SDK.
set -euo pipefail
: "${ALIBABA_CLOUD_ACCESS_KEY_ID:?is empty: export the pair first}" "${ALIBABA_CLOUD_ACCESS_KEY_SECRET:?is empty: export the pair first}"

case "${1-}" in
  ram) version=2015-05-01 ;;
  ims) version=2019-08-15 ;;
  sts) version=2015-04-01 ;;
  *) echo "usage: first_call.sh ram|ims|sts ACTION [NAME=VALUE ...]" >&2; exit 2 ;;
esac
action=$2
shift 2

# Everything but A-Z a-z 0-9 - _ . ~ becomes %XX, byte by byte.
encode() {
  local LC_ALL=C text=$1 out='' i c
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case "$c" in
      [A-Za-z0-9._~-]) out+=$c ;;
      *) printf -v c '%%%02X' "'$c"; out+=%${c: -2} ;;
    esac
  done
  printf '%s' "$out"
}

sha256() { openssl dgst -sha256 "$@" | sed 's/^.*= //'; }

# 1. The parameters are the body, as a web form.
body=''
for parameter in "$@"; do
  body+="${body:+&}$(encode "${parameter%%=*}")=$(encode "${parameter#*=}")"
done

# 2. The headers that are signed, sorted by name.
digest=$(printf '%s' "$body" | sha256)
headers="content-type:application/x-www-form-urlencoded
host:${KEYSTEAD_ENDPOINT#*://}
x-acs-action:$action
x-acs-content-sha256:$digest
x-acs-date:$(date -u +%Y-%m-%dT%H:%M:%SZ)
x-acs-security-token:${ALIBABA_CLOUD_SECURITY_TOKEN:-}
x-acs-signature-nonce:$(openssl rand -hex 16)
x-acs-version:$version"
if [ -z "${ALIBABA_CLOUD_SECURITY_TOKEN:-}" ]; then
  headers=$(grep -v '^x-acs-security-token:' <<<"$headers")
fi
names=$(cut -d: -f1 <<<"$headers" | paste -sd';')

# 3. Method, path, query (none), headers, their names, digest of the body: a digest of this is what is signed.
canonical=$(printf 'POST\n/\n\n%s\n\n%s\n%s' "$headers" "$names" "$digest" | sha256)
signature=$(printf 'ACS3-HMAC-SHA256\n%s' "$canonical" | sha256 -hmac "$ALIBABA_CLOUD_ACCESS_KEY_SECRET")

# 4. The same headers, and the proof.
authorization="ACS3-HMAC-SHA256 Credential=$ALIBABA_CLOUD_ACCESS_KEY_ID,SignedHeaders=$names,Signature=$signature"
printf 'authorization:%s\n%s\n' "$authorization" "$headers" |
  curl --silent --show-error --fail-with-body --header @- --data-binary "$body" "$KEYSTEAD_ENDPOINT/" || exit 1
