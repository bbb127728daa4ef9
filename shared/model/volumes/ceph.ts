/** A pool of Ceph, or a user of it without `client.`, in plain words. */
export const cephName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Where a monitor answers: a name or address, with its port where that is not Ceph's own; an IPv6 address in brackets. */
export const cephMonitor = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:]{2,39}\])(?::[1-9]\d{0,4})?$/

/** A user's key as `ceph auth get-key` prints it: base64 of 28 bytes. */
export const cephKey = /^[A-Za-z0-9+/]{38}==$/
