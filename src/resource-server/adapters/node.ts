import type { GuardedRequest, GuardOptions } from '../guard.ts'

/** The parts of http.IncomingMessage that are read. */
export interface NodeRequest {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly socket: object
}

/** What the adapters of Node's HTTP servers take beside the options of every adapter. */
export interface NodeGuardOptions<Request> extends GuardOptions {
  /**
   * The client's TLS certificate, DER, where a proxy ends TLS and passes it on (RFC 9440); that of the connection
   * unless given. Make sure that the header is the proxy's: anybody can send one.
   */
  readonly certificate?: ((request: Request) => Uint8Array | undefined) | undefined
}

/**
 * @param target the request target before any router rewrote it
 * @param certificate reads the client's certificate where it is not that of the connection
 */
export function fromNode(
  request: NodeRequest,
  target = request.url ?? '/',
  certificate = () => peerCertificate(request.socket),
): GuardedRequest {
  const { method = 'GET' } = request
  return {
    method,
    // An absolute-form target (RFC 9112 section 3.2.2) names a host of the client's choice.
    target: target.startsWith('/') ? target : target.replace(/^[^/]*:\/\/[^/?]*/, ''),
    authorization: fields(request, 'authorization'),
    proofs: fields(request, 'dpop'),
    certificate: certificate(),
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
