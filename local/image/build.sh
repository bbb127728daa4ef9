#!/usr/bin/env bash
# Builds a small bootable cloud image from Debian packages alone: DIR/tiny.qcow2 (boots by BIOS), and DIR/vmlinuz, DIR/initrd.img for
# booting the kernel directly. Nothing is installed, mounted or chrooted into; root is needed for the ownership of files alone.
# Needs apt-get and dpkg-deb, mkfs.ext4, sfdisk, cpio, modinfo, qemu-img.
# usage: build.sh DIR [SIZE_MIB]
set -euo pipefail

out=${1:?usage: build.sh DIR [SIZE_MIB]}
size=${2:-96}
files=$(cd "$(dirname "$0")" && pwd)/files
export PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C
# The same packages give the same bytes.
export E2FSPROGS_FAKE_TIME=1700000000
stamp="@$E2FSPROGS_FAKE_TIME"
uuid=51200c00-0000-4000-8000-000000000001

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "$out/work.XXXXXX")
trap 'rm -rf "$work"' EXIT
packages=$work/packages unpacked=$work/unpacked initrd=$work/initrd root=$work/root
mkdir -p "$packages" "$unpacked" "$initrd" "$root"

say() { printf '%s\n' "$*" >&2; }

fetch_packages() {
  local kernel
  kernel=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2; exit }')
  [ -n "$kernel" ] || return 1
  (cd "$packages" && apt-get -o APT::Sandbox::User=root download -qq "$kernel" busybox-static dropbear-bin libc6 libcrypt1 \
    libtomcrypt1 libtommath1 libgmp10 zlib1g grub-pc-bin grub-common > /dev/null)
}

say 'fetching packages'
fetch_packages 2> /dev/null || { apt-get update -qq && fetch_packages; }
for package in "$packages"/*.deb; do dpkg-deb -x "$package" "$unpacked"; done
version=$(basename "$unpacked"/lib/modules/*)
cp "$unpacked/boot/vmlinuz-$version" "$out/vmlinuz"
busybox=$unpacked/bin/busybox

# Kernel modules with what they depend on, dependencies first, each once; no depmod needed.
declare -A seen=()
modules() {
  local name file depends
  for name in "$@"; do
    [ -z "${seen[$name]:-}" ] || continue
    seen[$name]=1
    file=$(find "$unpacked/lib/modules/$version" -name "${name//_/[-_]}.ko" -print -quit)
    [ -n "$file" ] || continue
    depends=$(modinfo -F depends "$file")
    # shellcheck disable=SC2086 # a list of words
    modules ${depends//,/ }
    printf '%s\n' "$file"
  done
}

say 'building the initial ram disk'
mkdir -p "$initrd"/{bin,dev,proc,sys,mnt,m}
cp "$busybox" "$initrd/bin/"
install -m 755 "$files/init" "$initrd/init"
number=10
while read -r module; do
  cp "$module" "$initrd/m/$((number++))-$(basename "$module")"
done < <(modules virtio_pci virtio_blk virtio_net virtio_rng virtio_balloon virtio_console virtio_scsi sd_mod sr_mod ata_piix \
  isofs vfat nls_ascii nls_cp437 nls_iso8859_1 nls_utf8 button evdev acpiphp xen_blkfront xen_netfront vmxnet3 vmw_pvscsi af_packet)
find "$initrd" -exec touch -hd "$stamp" {} +
(cd "$initrd" && find . -print0 | sort -z | cpio --null -o -H newc --quiet --reproducible | gzip -9n) > "$out/initrd.img"

say 'building the root file system'
mkdir -p "$root"/{bin,sbin,dev,proc,sys,run,tmp,root,home,mnt,lib,lib64,usr/bin,usr/sbin,var/lib/cloud,var/log,etc/dropbear,etc/init.d,boot/grub}
chmod 1777 "$root/tmp"
chmod 700 "$root/root"
cp "$busybox" "$root/bin/"
while read -r applet; do
  [ "$applet" = busybox ] || ln -s /bin/busybox "$root/bin/$applet"
done < <("$busybox" --list)
ln -s /bin/busybox "$root/sbin/init"
ln -s /bin/busybox "$root/sbin/getty"
cp "$unpacked/usr/sbin/dropbear" "$root/usr/sbin/"
cp "$unpacked"/usr/bin/{dropbearkey,dbclient} "$root/usr/bin/"
find "$unpacked/lib" "$unpacked/usr/lib" -regextype posix-extended \
  -regex '.*/lib(c|crypt|tomcrypt|tommath|gmp|z|m|nss_files|nss_dns|resolv)\.so\.[0-9]+.*' -exec cp -dn {} "$root/lib/" \;
cp -L "$unpacked/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$root/lib64/"

printf 'root:*:19000:0:99999:7:::\n' > "$root/etc/shadow"
chmod 600 "$root/etc/shadow"
printf 'root:x:0:0:root:/root:/bin/sh\n' > "$root/etc/passwd"
printf 'root:x:0:\n' > "$root/etc/group"
printf '/bin/sh\n' > "$root/etc/shells"
printf 'cloud\n' > "$root/etc/hostname"
printf '127.0.0.1 localhost\n' > "$root/etc/hosts"
: > "$root/etc/resolv.conf"
: > "$root/etc/fstab"
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
printf 'NAME="Sirocco Tiny"\nPRETTY_NAME="Sirocco Tiny"\nID=sirocco-tiny\n' > "$root/etc/os-release"
printf 'Sirocco Tiny \\n \\l\n' > "$root/etc/issue"
install -m 644 "$files/inittab" "$root/etc/inittab"
install -m 755 "$files/rcS" "$root/etc/init.d/rcS"
install -m 755 "$files/acpi-power" "$files/micro-init" "$files/udhcpc.script" "$root/usr/bin/"
cp "$out/vmlinuz" "$out/initrd.img" "$root/boot/"
install -m 644 "$files/grub.cfg" "$root/boot/grub/grub.cfg"
find "$root" -exec touch -hd "$stamp" {} +

say 'building the disk'
# One ext4 partition at 1 MiB, GRUB's core in the gap before it.
raw=$work/disk.raw
truncate -s "${size}M" "$raw"
printf 'label: dos\nlabel-id: 0x51200c00\nstart=2048, type=83, bootable\n' | sfdisk -q "$raw"
mkfs.ext4 -q -L cloudroot -U "$uuid" -O ^metadata_csum_seed,^orphan_file -m 0 -d "$root" \
  -E "offset=1048576,root_owner=0:0,hash_seed=$uuid" "$raw" "$((size - 1))M"
grub=$unpacked/usr/lib/grub/i386-pc
"$unpacked/usr/bin/grub-mkimage" -O i386-pc -d "$grub" -p '(hd0,msdos1)/boot/grub' -o "$work/core.img" \
  biosdisk part_msdos ext2 normal linux serial terminal echo configfile
[ "$(stat -c %s "$work/core.img")" -lt $((2047 * 512)) ] || { say 'GRUB does not fit before the partition'; exit 1; }
# 440 bytes keep the partition table; boot.img looks for the core in sector 1.
dd if="$grub/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$work/core.img" of="$raw" bs=512 seek=1 conv=notrunc status=none
qemu-img convert -c -O qcow2 "$raw" "$out/tiny.qcow2"
say 'done'
