/** Algorithms that prove possession of a client's key: of assertions (RFC 7523) and of DPoP proofs (RFC 9449). */
export const proofAlgorithms = ['ES256', 'RS256', 'PS256', 'EdDSA'] as const
