// What went wrong below HTTP, told from the codes of Node, OpenSSL and undici.
import type { ErrorCode } from '../foundation/error-codes.ts'
import type { NodeAddress } from './connection.ts'

export interface NetworkFailure {
  readonly code: ErrorCode
  /** The cause, to follow "target https://host:9200: ". */
  readonly cause: string
  readonly remedy?: string
  /** Trying again may help. */
  readonly passing: boolean
}

const untrusted = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
])

/** Alerts by which a server says that it wants a client certificate, or another one. */
const certificateAlert =
  /ALERT_(CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(UNKNOWN|EXPIRED|REVOKED)|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE)/

const unreachable = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'])

export function explainNetworkError(error: unknown, node: NodeAddress): NetworkFailure {
  const code = codeOf(error)
  return (
    explainTls(code, error, node) ??
    explainAddress(code, node) ??
    explainProtocol(code, node) ?? {
      code: 'CONNECTION_LOST',
      cause: describeLoss(code, error),
      passing: true,
    }
  )
}

/** The code of an error, of its cause, or of the first attempt where several addresses of a name were tried. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0])
  const { code } = error as NodeJS.ErrnoException
  if (typeof code === 'string' && !(code === 'UND_ERR_SOCKET' && error.cause)) return code
  return codeOf(error.cause) || code || ''
}

function explainTls(code: string, error: unknown, node: NodeAddress): NetworkFailure | undefined {
  if (untrusted.has(code)) {
    const selfSigned = code === 'DEPTH_ZERO_SELF_SIGNED_CERT'
    const cause = selfSigned
      ? 'the certificate is self-signed and not trusted'
      : 'the certificate is not signed by a trusted CA'
    return { code: 'CERTIFICATE_UNTRUSTED', cause: `${cause} (${code})`, passing: false }
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    const cause = code === 'CERT_HAS_EXPIRED' ? 'the certificate has expired' : 'the certificate is not yet valid'
    return { code: 'CERTIFICATE_EXPIRED', cause: cause + validity(error), passing: false }
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code === 'HOSTNAME_MISMATCH') {
    return { code: 'CERTIFICATE_NAME_WRONG', cause: describeNames(error, node), passing: false }
  }
  if (certificateAlert.test(code)) {
    const cause = `the TLS handshake was refused, most likely for want of an accepted client certificate (${code})`
    return { code: 'CERTIFICATE_REQUIRED', cause, passing: false }
  }
  return undefined
}

interface CertificateError extends Error {
  /** The name that was expected. */
  readonly host?: string
  readonly cert?: { readonly subjectaltname?: string; readonly valid_from?: string; readonly valid_to?: string }
}

function validity(error: unknown): string {
  const { valid_from, valid_to } = (error as CertificateError).cert ?? {}
  return valid_from && valid_to ? ` (valid from ${valid_from} to ${valid_to})` : ''
}

function describeNames(error: unknown, node: NodeAddress): string {
  const { host = node.host, cert } = error as CertificateError
  const names = cert?.subjectaltname
  return `the certificate is not for ${host}${names ? ` but for ${names.replaceAll('IP Address:', 'IP:')}` : ''}`
}

function explainAddress(code: string, node: NodeAddress): NetworkFailure | undefined {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_FAIL' || code === 'EAI_NODATA') {
    return { code: 'HOST_UNKNOWN', cause: `the host name ${node.host} does not resolve (${code})`, passing: true }
  }
  if (!unreachable.has(code)) return undefined
  const cause = code === 'ECONNREFUSED' ? 'the connection is refused' : `the host cannot be reached (${code})`
  return { code: 'CONNECTION_REFUSED', cause, passing: true }
}

/** OpenSSL on bytes that are no TLS; the HTTP parser on bytes that are no HTTP, such as a TLS alert. */
function explainProtocol(code: string, node: NodeAddress): NetworkFailure | undefined {
  if (/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE)$/.test(code)) {
    return wrongScheme(node, 'the port does not speak TLS')
  }
  if (node.secure) return undefined
  // Before the answer's first line; later parser errors (cut or garbled bodies) are lost connections.
  if (/^HPE_INVALID_(CONSTANT|VERSION)$/.test(code)) return wrongScheme(node, 'the port does not speak HTTP')
  return undefined
}

export function wrongScheme(node: NodeAddress, cause: string): NetworkFailure {
  const other = node.name.replace(/^https?/, node.secure ? 'http' : 'https')
  return { code: 'NOT_HTTP', cause, remedy: `Try ${other} and check the port.`, passing: false }
}

const losses: Readonly<Record<string, string>> = {
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not accepted in time',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_HEADERS_TIMEOUT: 'no answer came in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stopped in the middle',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer ended before its announced length',
  UND_ERR_SOCKET: 'the connection was closed',
  ECONNRESET: 'the connection was reset',
  // After a 413 the servers close while the body still comes, and what they said is lost with the connection.
  EPIPE: 'the connection was closed while sending, as it is when a body is longer than http.max_content_length',
}

export const isTimeout = (error: unknown): boolean => /TIMEOUT|TIMEDOUT/.test(codeOf(error))

function describeLoss(code: string, error: unknown): string {
  const known = losses[code]
  if (known) return known
  return `the connection failed: ${error instanceof Error ? error.message : String(error)}${code && ` (${code})`}`
}
