// The way to a bucket of any service with the S3 interface, and of OSS: where it is, who asks, how requests are signed.
import { openHostPool } from '../cluster/host-pool.ts'
import { tlsParameters } from '../cluster/tls.ts'
import type { Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import { type AwsProfile, amazonWishes, readAwsProfile } from './aws-profile.ts'
import { BucketClient } from './bucket-client.ts'
import {
  addressOf,
  amazonEndpoint,
  amazonPlace,
  isAmazonHost,
  isPathStyle,
  refuseOtherKinds,
  refuseWithoutFips,
  regionInHost,
  unlessGlobal,
} from './bucket-endpoint.ts'
import { credentialSource } from './store-credentials.ts'
import { proxyFor } from './store-proxy.ts'
import type { Environment, StoreSettings } from './store-settings.ts'
import { ossDialect, s3Dialect } from './store-signature.ts'

export interface S3Access {
  readonly client: BucketClient
  /** Of the service, to tell places apart. */
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
  const dialect = dialectOf(location, settings)
  const own = ownEndpoint(location, settings, env)
  const isAmazons = kind === 's3' && (own === undefined || isAmazonHost(hostOf(own)))
  if (isAmazons) refuseOtherKinds(bucket, side)
  const profile = isAmazons ? readAwsProfile(settings.profile, env) : {}
  const region = location.region ?? settings.region ?? defaultRegion(kind, own, profile, settings, env)
  const endpointIn = endpoints(kind, own, dialect.name, () => amazonWishes(profile, env, side), side)
  const addressIn = (at: string) => addressOf(endpointIn(at), bucket, isPathStyle(location, settings, endpointIn(at)))
  // Also where nothing is encrypted: a file that cannot be read is told. Without files, TLS is not loaded for it.
  const isPlain = addressIn(region).origin.startsWith('http:') && settings.ca === undefined
  const tls = isPlain ? { rejectUnauthorized: true } : tlsParameters(side, tlsOf(settings))
  const stsRegion = isAmazons ? { region } : {}
  const client = new BucketClient({
    bucket,
    side,
    name: `bucket ${bucket}`,
    dialect,
    region,
    addressIn,
    followsRegion: kind === 's3' && own === undefined,
    credentials: settings.anonymous ? undefined : credentialSource({ kind, side, settings, env, ...stsRegion }),
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
  const { accessKeyId, profile: named, role, anonymous } = settings
  return {
    client,
    origin: kind === 's3' && own === undefined ? amazonPlace(region) : origin,
    identity: JSON.stringify([kind, origin, region, accessKeyId, named, role, anonymous]),
  }
}

const tlsOf = ({ insecure, ca }: StoreSettings) => ({
  verify: !insecure,
  ...(ca === undefined ? {} : { caFile: ca }),
})

const hostOf = (endpoint: string | undefined): string => URL.parse(endpoint ?? '')?.hostname ?? ''

function ownEndpoint({ kind, endpoint }: BucketLocation, settings: StoreSettings, env: Environment) {
  const named = endpoint ?? settings.endpoint
  if (kind === 'oss') return named
  return unlessGlobal(named ?? (env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined))
}

/** OSS has an interface of its own and one like S3 beside it, at addresses that begin with s3. */
function dialectOf({ kind, endpoint }: BucketLocation, settings: StoreSettings): typeof s3Dialect {
  const { signature } = settings
  if (signature !== 'auto') return signature === 'oss' ? ossDialect : s3Dialect
  if (kind === 's3') return s3Dialect
  return hostOf(endpoint ?? settings.endpoint).startsWith('s3.') ? s3Dialect : ossDialect
}

function defaultRegion(
  kind: 's3' | 'oss',
  own: string | undefined,
  profile: AwsProfile,
  settings: StoreSettings,
  env: Environment,
): string {
  const inHost = regionInHost(hostOf(own))
  if (inHost !== undefined) return inHost
  if (kind === 'oss') return env.OSS_REGION || 'cn-hangzhou'
  // A profile whose credentials are not used says nothing about them.
  const ofProfile = settings.accessKeyId === undefined && !settings.anonymous ? profile.region : undefined
  return env.AWS_REGION || env.AWS_DEFAULT_REGION || ofProfile || 'us-east-1'
}

function endpoints(
  kind: 's3' | 'oss',
  own: string | undefined,
  dialect: 's3' | 'oss',
  readWishes: () => ReturnType<typeof amazonWishes>,
  side: Side,
): (region: string) => string {
  if (own !== undefined) {
    if (kind === 's3' && isAmazonHost(hostOf(own))) refuseWithoutFips(hostOf(own), readWishes(), side)
    return () => inDialect(own, dialect)
  }
  if (kind === 'oss') return (region) => `https://${dialect === 's3' ? 's3.' : ''}oss-${region}.aliyuncs.com`
  const wishes = readWishes()
  return (region) => amazonEndpoint(region, wishes, side)
}

/** Whichever of its two addresses the user names: each interface is at its own. */
const inDialect = (endpoint: string, dialect: 's3' | 'oss'): string =>
  dialect === 's3'
    ? endpoint.replace(/^(https?:\/\/)(oss-[^/]+\.aliyuncs\.com)$/, '$1s3.$2')
    : endpoint.replace(/^(https?:\/\/)s3\.(oss-[^/]+\.aliyuncs\.com)$/, '$1$2')
