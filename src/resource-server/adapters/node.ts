import type { GuardedRequest } from '../guard.ts'

/** The parts of http.IncomingMessage that are read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly socket: object
}

/** @param target the request target before any router rewrote it */
export function fromNode(request: NodeRequest, target = request.url ?? '/'): GuardedRequest {
  const { method = 'GET', socket } = request
  return {
    method,
    // An absolute-form target (RFC 9112 section 3.2.2) names a host of the client's choice.
    target: target.startsWith('/') ? target : target.replace(/^[^/]*:\/\/[^/?]*/, ''),
    authorization: fields(request, 'authorization'),
    proofs: fields(request, 'dpop'),
    certificate: peerCertificate(socket),
  }
}

/** Raw, because Node keeps the first of two Authorization headers and hides the other. */
function fields({ rawHeaders }: NodeRequest, name: string): string[] {
  return rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === name && index % 2)
}

// RFC 8705 section 3: the handshake proves possession; whether an authority vouches for the certificate is no matter.
function peerCertificate(socket: object): Uint8Array | undefined {
  if (!('getPeerCertificate' in socket) || typeof socket.getPeerCertificate !== 'function') return
  const { raw } = socket.getPeerCertificate() ?? {}
  return raw instanceof Uint8Array ? raw : undefined
}
