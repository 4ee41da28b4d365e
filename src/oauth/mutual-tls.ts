import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Clients } from '../clients/client.ts'
import { type CertificateSource, clientCertificate } from './certificate.ts'
import { subjectMatches } from './certificate-subject.ts'

/**
 * What the engine asks about certificates (RFC 8705 section 2). It knows who must show one; whether
 * a self-signed one is registered it sees itself.
 */
export function mutualTls(clients: Clients, source: CertificateSource) {
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    tlsClientAuth: true,
    selfSignedTlsClientAuth: true,
    getCertificate: (ctx: KoaContextWithOIDC) => clientCertificate(ctx, source)?.x509,
    certificateAuthorized: (ctx: KoaContextWithOIDC) =>
      clientCertificate(ctx, source)?.authorized === true,
    certificateSubjectMatches(ctx: KoaContextWithOIDC) {
      const certificate = clientCertificate(ctx, source)
      const registered = clients.get(ctx.oidc.client?.clientId ?? '')?.certificate
      return (
        certificate !== undefined &&
        registered !== undefined &&
        subjectMatches(certificate.x509, registered)
      )
    },
  }
}
