/** Node has WebCrypto, its types name the key only within their module. */
type CryptoKey = import('node:crypto').webcrypto.CryptoKey
