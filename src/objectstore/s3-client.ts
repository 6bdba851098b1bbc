// One client of AWS's own library for a bucket of any service with the S3 interface.
import { lookup as resolve } from 'node:dns'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { LookupFunction } from 'node:net'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { NodeAddress } from '../cluster/connection.ts'
import { tlsParameters } from '../cluster/tls.ts'
import type { Side } from '../foundation/errors.ts'
import type { BucketLocation } from '../model/object-location.ts'
import { credentialSource } from './store-credentials.ts'
import type { Environment, StoreSettings } from './store-settings.ts'

export interface S3Access {
  readonly client: S3Client
  readonly vendor: typeof import('@aws-sdk/client-s3')
  /** Where requests go, for messages about the network. */
  readonly address: NodeAddress
  readonly identity: string
}

const connectionsMax = 256

export async function connectBucket(
  location: BucketLocation,
  side: Side,
  settings: StoreSettings,
  env: Environment,
): Promise<S3Access> {
  const vendor = await import('@aws-sdk/client-s3')
  const region = location.region ?? settings.region ?? defaultRegion(location, settings, env)
  const endpoint = compatible(location.endpoint ?? settings.endpoint ?? defaultEndpoint(location, region, env))
  const isVendors =
    endpoint === undefined || /\.(?:amazonaws\.com(?:\.cn)?|aliyuncs\.com)$/.test(new URL(endpoint).hostname)
  const pathStyle = settings.pathStyle === 'auto' ? location.kind === 's3' && !isVendors : settings.pathStyle === 'on'
  const config = {
    region,
    forcePathStyle: pathStyle,
    // Retries are counted, paced and told by retry.ts; two layers would multiply.
    maxAttempts: 1,
    // The chain of handlers of a kind of request is put together once and not for each: nothing is added later.
    cacheMiddleware: true,
    // Many services refuse the checksums in trailers (aws-chunked) that the library adds by default: OSS answers InvalidArgument.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    followRegionRedirects: location.kind === 's3' && endpoint === undefined,
    requestHandler: requestHandler(side, settings),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...signing(location, side, settings, env),
  } as S3ClientConfig
  const client = new vendor.S3Client(config)
  leavePayloadsUnsigned(client)
  const address = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`)
  const name = location.kind === 'oss' ? 'oss' : 's3'
  return {
    client,
    vendor,
    address: {
      name: address.origin,
      origin: address.origin,
      host: address.hostname,
      port: Number(address.port) || (address.protocol === 'https:' ? 443 : 80),
      secure: address.protocol === 'https:',
      prefix: '',
    },
    identity: JSON.stringify([
      name,
      address.origin,
      region,
      settings.accessKeyId,
      settings.profile,
      settings.role,
      settings.anonymous,
    ]),
  }
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

/** The S3-compatible endpoint of OSS; Amazon's own is known to the library. */
const defaultEndpoint = ({ kind }: BucketLocation, region: string, env: Environment): string | undefined =>
  kind === 'oss'
    ? `https://s3.oss-${region}.aliyuncs.com`
    : env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || undefined

/** The consoles of OSS name the endpoint of its own interface; the S3-compatible one is beside it. */
const compatible = (endpoint: string | undefined): string | undefined =>
  endpoint?.replace(/^(https?:\/\/)(oss-[^/]+\.aliyuncs\.com)$/, '$1s3.$2')

/**
 * Bodies are held together by their MD5, in a header that is signed. A SHA-256 of them in the signature as well, as the library
 * makes it for plain HTTP, takes half of a move's processor time and tells the store nothing more.
 */
function leavePayloadsUnsigned(client: S3Client): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      (args) => {
        const { headers } = args.request as { headers: Record<string, string> }
        if (commandName === 'PutObjectCommand' || commandName === 'UploadPartCommand')
          headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
        return next(args)
      },
    { step: 'build', name: 'leavePayloadsUnsigned' },
  )
}

/** RFC 6761: every name below localhost is this machine, which name servers often do not know. Virtual-hosted buckets need it. */
const lookup: LookupFunction = (host, options, done) => {
  resolve(host.endsWith('.localhost') ? 'localhost' : host, options, done)
}

function requestHandler(side: Side, settings: StoreSettings): S3ClientConfig['requestHandler'] {
  const tls = tlsParameters(side, {
    verify: !settings.insecure,
    ...(settings.ca === undefined ? {} : { caFile: settings.ca }),
  })
  const agent = { keepAlive: true, maxSockets: connectionsMax, lookup }
  return {
    httpAgent: new HttpAgent(agent),
    httpsAgent: new HttpsAgent({ ...agent, ...tls }),
    connectionTimeout: settings.connectTimeout,
    // Of silence on the connection: a large part may take as long as it needs.
    socketTimeout: settings.readTimeout,
    socketAcquisitionWarningTimeout: 600_000,
  }
}

function signing(location: BucketLocation, side: Side, settings: StoreSettings, env: Environment): S3ClientConfig {
  if (settings.anonymous)
    return {
      signer: { sign: async (request) => request },
      credentials: async () => ({ accessKeyId: 'anonymous', secretAccessKey: '' }),
    }
  return { credentials: credentialSource({ kind: location.kind, side, settings, env }) }
}
