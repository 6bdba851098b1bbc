// The way to a bucket of any service with the S3 interface, and of OSS: where it is, who asks, how requests are signed.
import { openHostPool } from '../cluster/host-pool.ts'
import { tlsParameters } from '../cluster/tls.ts'
import type { Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import { type BucketAddress, BucketClient } from './bucket-client.ts'
import { credentialSource } from './store-credentials.ts'
import { proxyFor } from './store-proxy.ts'
import type { Environment, StoreSettings } from './store-settings.ts'
import { ossDialect, s3Dialect } from './store-signature.ts'

export interface S3Access {
  readonly client: BucketClient
  /** Of the service, for messages and to tell places apart. */
  readonly origin: string
  readonly identity: string
}

const connectionsMax = 256

export function connectBucket(
  location: BucketLocation,
  side: Side,
  settings: StoreSettings,
  env: Environment,
): S3Access {
  const { kind, bucket } = location
  const given = location.region ?? settings.region
  const region = given ?? defaultRegion(location, settings, env)
  const dialect = dialectOf(location, settings)
  const own =
    location.endpoint ??
    settings.endpoint ??
    (kind === 's3' ? env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined : undefined)
  const endpointIn = (at: string) =>
    own === undefined ? defaultEndpoint(kind, at, dialect.name) : inDialect(own, dialect.name)
  const addressIn = (at: string) => addressOf(endpointIn(at), bucket, isPathStyle(location, settings, endpointIn(at)))
  // Also where nothing is encrypted: a file that cannot be read is told. Without files, TLS is not loaded for it.
  const isPlain = addressIn(region).origin.startsWith('http:') && settings.ca === undefined
  const tls = isPlain ? { rejectUnauthorized: true } : tlsParameters(side, tlsOf(settings))
  const client = new BucketClient({
    bucket,
    side,
    name: `bucket ${bucket}`,
    dialect,
    region,
    addressIn,
    followsRegion: kind === 's3' && own === undefined,
    credentials: settings.anonymous ? undefined : credentialSource({ kind, side, settings, env }),
    poolTo: (origin) =>
      openHostPool({
        origin,
        tls,
        connectTimeoutMs: settings.connectTimeout,
        connectionsMax,
        proxy: proxyFor(origin, side, env),
      }),
    // Of silence on the connection: a large part may take as long as it needs.
    readTimeoutMs: settings.readTimeout,
  })
  const { origin } = new URL(endpointIn(region))
  const { accessKeyId, profile, role, anonymous } = settings
  return { client, origin, identity: JSON.stringify([kind, origin, region, accessKeyId, profile, role, anonymous]) }
}

const tlsOf = ({ insecure, ca }: StoreSettings) => ({
  verify: !insecure,
  ...(ca === undefined ? {} : { caFile: ca }),
})

/** OSS has an interface of its own and one like S3 beside it, at addresses that begin with s3. */
function dialectOf({ kind, endpoint }: BucketLocation, settings: StoreSettings): typeof s3Dialect {
  const { signature } = settings
  if (signature !== 'auto') return signature === 'oss' ? ossDialect : s3Dialect
  if (kind === 's3') return s3Dialect
  const host = URL.parse(endpoint ?? settings.endpoint ?? '')?.hostname ?? ''
  return host.startsWith('s3.') ? s3Dialect : ossDialect
}

function defaultRegion({ kind, endpoint }: BucketLocation, settings: StoreSettings, env: Environment): string {
  const host = URL.parse(endpoint ?? settings.endpoint ?? '')?.hostname ?? ''
  // oss-cn-hangzhou.aliyuncs.com, s3.oss-cn-hangzhou-internal.aliyuncs.com, s3.eu-west-1.amazonaws.com
  const named =
    /(?:^|\.)oss-(.+?)(?:-internal)?\.aliyuncs\.com$/.exec(host) ?? /^s3[.-](.+)\.amazonaws\.com(?:\.cn)?$/.exec(host)
  if (named) return named[1] as string
  if (kind === 'oss') return env.OSS_REGION || 'cn-hangzhou'
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1'
}

function defaultEndpoint(kind: 's3' | 'oss', region: string, dialect: 's3' | 'oss'): string {
  if (kind === 'oss') return `https://${dialect === 's3' ? 's3.' : ''}oss-${region}.aliyuncs.com`
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`
}

/** Whichever of its two addresses the user names: each interface is at its own. */
const inDialect = (endpoint: string, dialect: 's3' | 'oss'): string =>
  dialect === 's3'
    ? endpoint.replace(/^(https?:\/\/)(oss-[^/]+\.aliyuncs\.com)$/, '$1s3.$2')
    : endpoint.replace(/^(https?:\/\/)s3\.(oss-[^/]+\.aliyuncs\.com)$/, '$1$2')

function isPathStyle({ kind, bucket }: BucketLocation, { pathStyle }: StoreSettings, endpoint: string): boolean {
  if (pathStyle !== 'auto') return pathStyle === 'on'
  if (kind === 'oss') return false
  const { hostname, protocol } = new URL(endpoint)
  const isVendors = /\.(?:amazonaws\.com(?:\.cn)?|aliyuncs\.com)$/.test(hostname)
  // Certificates are for one name in front of the service's.
  return !isVendors || (protocol === 'https:' && bucket.includes('.'))
}

function addressOf(endpoint: string, bucket: string, isPathStyle: boolean): BucketAddress {
  const { protocol, host, pathname } = new URL(endpoint)
  const before = pathname.replace(/\/+$/, '')
  if (isPathStyle) return { origin: `${protocol}//${host}`, host, path: `${before}/${bucket}` }
  return { origin: `${protocol}//${bucket}.${host}`, host: `${bucket}.${host}`.toLowerCase(), path: before }
}
