// Where the credentials of one side come from: its own options, then the usual places of the vendor. The metadata service of
// a machine is asked only when the user says so: elsewhere the question takes seconds, or reaches a stranger.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { IndexferryError, registerSecret, type Side } from '../foundation/errors.ts'
import type { Environment, StoreSettings } from './store-settings.ts'
import { vendorRequests } from './vendor-requests.ts'

export interface StoreCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly expiration?: Date
}

export type CredentialSource = () => Promise<StoreCredentials>

export interface CredentialQuestion {
  readonly kind: 's3' | 'oss'
  readonly side: Side
  readonly settings: StoreSettings
  readonly env: Environment
  /** Of the bucket, where it is Amazon's: roles are assumed there, as its partition knows no others. */
  readonly region?: string
}

export function credentialSource(question: CredentialQuestion): CredentialSource {
  const { kind, settings, side } = question
  const own = ownCredentials(settings, side)
  const first = own ? async () => own : kind === 'oss' ? async () => ossCredentials(question) : awsChain(question)
  const found = settings.role === undefined || kind === 'oss' ? first : assumeRole(question, settings.role, first)
  let releases: (() => void)[] = []
  return async () => {
    const credentials = await found()
    // Those of a role change every hour or so: those before the last are forgotten.
    const former = releases
    releases = [credentials.secretAccessKey, credentials.sessionToken].map(registerSecret)
    for (const release of former) release()
    return credentials
  }
}

function ownCredentials(settings: StoreSettings, side: Side): StoreCredentials | undefined {
  const { accessKeyId, secretAccessKey, sessionToken } = settings
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new IndexferryError('CREDENTIALS_MISSING', `the ${side} has only one of access key and secret`, {
      side,
      remedy: `Give --${side}-access-key-id and the secret by --${side}-secret-access-key-file or the environment.`,
    })
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) }
}

function missing({ side, kind }: CredentialQuestion, reason: string, cause?: unknown): IndexferryError {
  const names =
    kind === 'oss' ? 'OSS_ACCESS_KEY_ID and OSS_ACCESS_KEY_SECRET' : 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY'
  return new IndexferryError('CREDENTIALS_MISSING', `no credentials for the store of the ${side}: ${reason}`, {
    side,
    remedy: `Set ${names}, give a profile with --${side}-profile, or read a public bucket with --${side}-anonymous.`,
    cause,
  })
}

/** Read here, because AWS's own library takes longer to load than many a move. */
function awsVariables({ env }: CredentialQuestion): StoreCredentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env
  if (!accessKeyId || !secretAccessKey) return undefined
  const { AWS_SESSION_TOKEN: sessionToken, AWS_CREDENTIAL_EXPIRATION: end } = env
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    ...(end ? { expiration: new Date(end) } : {}),
  }
}

function awsChain(question: CredentialQuestion): CredentialSource {
  const { profile, metadataCredentials } = question.settings
  return async () => {
    const variables = profile === undefined ? awsVariables(question) : undefined
    if (variables) return variables
    const vendor = await import('@aws-sdk/credential-providers')
    const parentClientConfig = question.region === undefined ? {} : { region: question.region }
    // Files that others write anew while we run are read anew.
    const throughProxy = vendorRequests(question.side, question.env)
    const clientConfig = throughProxy === undefined ? {} : { clientConfig: throughProxy }
    const common = { parentClientConfig, ...clientConfig }
    const asked = { ...(profile === undefined ? {} : { profile }), ignoreCache: true, ...common }
    const providers = [
      vendor.fromIni(asked),
      vendor.fromSSO(asked),
      vendor.fromProcess(asked),
      vendor.fromTokenFile(common),
      ...(metadataCredentials ? [metadata(vendor, question.env)] : []),
    ]
    const reasons: string[] = []
    for (const provide of providers) {
      try {
        return await provide()
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        // "Go on with the next" is how a provider of this chain says that it has nothing; anything else is a real fault.
        if ((error as { tryNextLink?: boolean }).tryNextLink !== true) throw missing(question, reason, error)
        reasons.push(reason)
      }
    }
    throw missing(question, (metadataCredentials ? reasons.at(-1) : reasons[0]) ?? 'none found')
  }
}

/** An agent beside us may be busy for a moment. */
const agentMs = 5_000

function metadata(vendor: typeof import('@aws-sdk/credential-providers'), env: Environment): CredentialSource {
  const inContainer = env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI ?? env.AWS_CONTAINER_CREDENTIALS_FULL_URI
  return inContainer === undefined ? vendor.fromInstanceMetadata() : vendor.fromHttp({ timeout: agentMs })
}

function assumeRole(question: CredentialQuestion, role: string, masterCredentials: CredentialSource): CredentialSource {
  const { region, settings, side, env } = question
  let provide: CredentialSource | undefined
  return async () => {
    const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
    const params = { RoleArn: role, RoleSessionName: 'indexferry' }
    const clientConfig = {
      ...(region === undefined ? {} : { region }),
      ...(settings.profile === undefined ? {} : { profile: settings.profile }),
      ...vendorRequests(side, env),
    }
    provide ??= fromTemporaryCredentials({ masterCredentials, params, clientConfig }) as CredentialSource
    try {
      return await provide()
    } catch (error) {
      if (error instanceof IndexferryError) throw error
      const { name, message } = error instanceof Error ? error : new Error(String(error))
      throw new IndexferryError(
        'CREDENTIALS_MISSING',
        `the ${side} cannot assume the role ${role}: ${name}: ${message}`,
        {
          side,
          remedy: 'Look at the trust policy of the role, and at the credentials that are to assume it.',
          cause: error,
        },
      )
    }
  }
}

/** The variables of ossutil and of Alibaba's SDKs, then the file of their command line. */
function ossCredentials(question: CredentialQuestion): StoreCredentials {
  const { env, settings } = question
  if (settings.profile === undefined) {
    const accessKeyId = env.OSS_ACCESS_KEY_ID ?? env.ALIBABA_CLOUD_ACCESS_KEY_ID
    const secretAccessKey = env.OSS_ACCESS_KEY_SECRET ?? env.ALIBABA_CLOUD_ACCESS_KEY_SECRET
    const sessionToken = env.OSS_SESSION_TOKEN ?? env.ALIBABA_CLOUD_SECURITY_TOKEN
    if (accessKeyId && secretAccessKey)
      return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  }
  return aliyunProfile(question)
}

interface AliyunProfile {
  readonly name?: string
  readonly access_key_id?: string
  readonly access_key_secret?: string
  readonly sts_token?: string
}

function aliyunProfile(question: CredentialQuestion): StoreCredentials {
  const { env, settings } = question
  const file = join(env.HOME || env.USERPROFILE || homedir(), '.aliyun', 'config.json')
  let content: { current?: string; profiles?: readonly AliyunProfile[] }
  try {
    content = JSON.parse(readFileSync(file, 'utf8')) as typeof content
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'is not there' : 'cannot be read'
    throw missing(question, `the environment has none and ${file} ${reason}`, error)
  }
  const name = settings.profile ?? env.ALIBABA_CLOUD_PROFILE ?? content.current ?? 'default'
  const found = content.profiles?.find((profile) => profile.name === name)
  if (!found?.access_key_id || !found.access_key_secret)
    throw missing(question, `${file} has no profile "${name}" with an access key`)
  const { access_key_id: accessKeyId, access_key_secret: secretAccessKey, sts_token: sessionToken } = found
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}
