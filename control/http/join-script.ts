/**
 * What a machine runs to become a host, after its SHA-256 was checked: `sh FILE URL BUNDLE PIN [enrol options]`, the token on standard
 * input, so that no list of processes shows it. PIN is `-` where a public authority vouches for the control plane. It installs Node where
 * there is none of 20 or later (the package that the `node` package of npm is made of, by its published checksum), what a host of machines
 * needs where apt is there, and the agent by BUNDLE, its SHA-256.
 */
export const joinScript = String.raw`#!/bin/sh
set -eu
umask 022
say() { printf 'sirocco: %s\n' "$*" >&2; }
stop() { say "$*"; exit 1; }

url=$1; bundle=$2; pin=$3; shift 3
read -r token || [ -n "$token" ] || stop 'the token is expected on standard input'
[ "$(id -u)" = 0 ] || stop 'this must run as root: put sudo before sh'
command -v curl >/dev/null || stop 'curl is missing: install it'
home=\${SIROCCO_HOME:-/usr/local/lib/sirocco}
data=\${SIROCCO_DATA:-/var/lib/sirocco/agent}
mkdir -p "$home"
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }
node=$(command -v node || true)
[ -n "$node" ] && [ "$(major "$node")" -ge 20 ] || node=$home/node
if [ "$(major "$node")" -lt 20 ]; then
  case $(uname -m) in
    x86_64) arch=x64 sum=de750bb336795f47dc898a46d2de93add029273027f3e16520d3fa3a2317ed5f07aefa404cf37ddfa5352e545e389ae22d16b87bcc84a900580a72f23cd02ced ;;
    aarch64) arch=arm64 sum=1692513c4cf63afbd32df8c83a5346158f492cf30a825e66f9de2819804b836e242759a6bcdd5997f1cf2601781c3689e752127afd65d5c459fc333e91e5d6e6 ;;
    *) stop "install Node 20 or later: there is none to be had for $(uname -m) here" ;;
  esac
  version=24.21.0
  say "installing Node $version into $home"
  registry=\${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}
  curl -fsSL -o "$work/node.tgz" "\${registry%/}/node-linux-$arch/-/node-linux-$arch-$version.tgz"
  echo "$sum  $work/node.tgz" | sha512sum -c --quiet - || stop 'what came is not the Node that was published'
  tar -xzf "$work/node.tgz" -C "$work" package/bin/node
  mv "$work/package/bin/node" "$home/node"
fi

insecure=; [ "$pin" = - ] || insecure=-k
curl -fsSL $insecure -o "$work/agent.mjs" "$url/agent/bundles/$bundle"
echo "$bundle  $work/agent.mjs" | sha256sum -c --quiet - || stop 'what came is not the agent that the line names'
chmod 755 "$work/agent.mjs"
mv "$work/agent.mjs" "$home/sirocco-agent.mjs"

case " $* " in *' --simulated '*) ;; *)
  missing=
  need() { command -v "$1" >/dev/null || missing="$missing $2"; }
  need qemu-system-x86_64 qemu-system-x86; need qemu-img qemu-utils; need dnsmasq dnsmasq-base; need nft nftables; need ip iproute2
  need libvirtd 'libvirt-daemon-system libvirt-daemon-driver-qemu'
  if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || stop "install first:$missing"
    say "installing$missing"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing >/dev/null
  fi ;;
esac

printf %s "$token" > "$work/token"; chmod 600 "$work/token"
mkdir -p "$data"; chmod 700 "$data"
[ "$pin" = - ] || set -- --pin "$pin" "$@"
"$node" "$home/sirocco-agent.mjs" enrol --url "$url" --token-file "$work/token" --data "$data" "$@"
if [ -d /run/systemd/system ]; then
  "$node" "$home/sirocco-agent.mjs" install --data "$data"
else
  say "enrolled; this machine does not run systemd, so keep this running: $node $home/sirocco-agent.mjs run --data $data"
fi
`.replaceAll('\\$', '$')
