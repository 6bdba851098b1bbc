// What the file says about reaching a cluster: credentials and certificates. The same for the local cluster, remotes and domains.
import type { z } from 'zod'
import type { Authentication, TlsOptions } from '../../cluster/connection.ts'
import { registerSecret } from '../../foundation/errors.ts'
import { choice, text } from '../../foundation/option.ts'
import {
  always,
  fileSetting,
  secretFileSetting,
  secretSetting,
  section,
  setting,
  settingWithDefault,
} from './setting.ts'
import { booleanType, userName } from './setting-types.ts'

const sigv4Section = section(
  {
    help: 'Sign requests with AWS Signature Version 4. Credentials come from the AWS credential chain: environment, profile, container or instance role.',
  },
  {
    region: setting(text, {
      help: 'Region to sign for.',
      takes: 'REGION',
      example: 'eu-central-1',
      byDefault: 'of a domain its own, else required',
    }).optional(),
    service: settingWithDefault(choice('es', 'aoss'), 'es', {
      help: 'AWS service: `es` (OpenSearch Service domains) or `aoss` (serverless collections).',
    }),
    profile: setting(text, {
      help: 'Profile of the AWS configuration files.',
      takes: 'NAME',
      byDefault: '`AWS_PROFILE`, else `default`',
    }).optional(),
  },
)

export const credentialSettings = {
  username: setting(userName, { help: 'User name for basic authentication.' }).optional(),
  password: secretSetting({ help: 'Password for basic authentication.' }).optional(),
  password_file: secretFileSetting({ help: 'File that holds the password.' }).optional(),
  api_key: secretSetting({ help: 'API key, as the cluster gave it in base64, or `id:key`.' }).optional(),
  api_key_file: secretFileSetting({ help: 'File that holds the API key.' }).optional(),
  bearer_token: secretSetting({ help: 'Bearer token (JSON Web Tokens, service tokens).' }).optional(),
  bearer_token_file: secretFileSetting({ help: 'File that holds the bearer token.' }).optional(),
  sigv4: sigv4Section.optional(),
}

export const certificateSettings = {
  ca: fileSetting({ help: 'CA certificates (PEM) to trust instead of those of this machine.' }).optional(),
  client_certificate: fileSetting({ help: 'Client certificate (PEM), for clusters that ask for one.' }).optional(),
  client_key: fileSetting({ help: 'Private key of the client certificate (PEM).' }).optional(),
  client_key_passphrase: secretSetting({ help: 'Passphrase of that key.' }).optional(),
  client_key_passphrase_file: secretFileSetting({ help: 'File that holds the passphrase.' }).optional(),
  tls_name: setting(text, {
    help: 'Name that the certificate must carry, where it is another than the host of the URL.',
    takes: 'HOST',
  }).optional(),
  insecure: settingWithDefault(booleanType, 'false', {
    help: 'Do not check the certificate. Whoever sits in between can then read and change everything, credentials included; `ca` is the better way.',
  }),
}

export type CredentialValues = z.output<z.ZodObject<typeof credentialSettings>>
export type CertificateValues = z.output<z.ZodObject<typeof certificateSettings>>

type Checked = Readonly<Record<string, unknown>>

const given = (values: Checked, name: string): boolean => values[name] !== undefined

const ways = ['password', 'api_key', 'bearer_token', 'sigv4'] as const

/** Which ways to sign in are given; each once, as itself or as a file. */
const waysGiven = (values: Checked): string[] =>
  ways.filter(
    (way) => given(values, way) || given(values, `${way}_file`) || (way === 'password' && given(values, 'username')),
  )

const secrets = ['password', 'api_key', 'bearer_token', 'client_key_passphrase'] as const

/** The checks over several settings, the same wherever these settings stand. */
export function checkTogether<Schema extends z.ZodType>(schema: Schema): Schema {
  let checked: z.ZodType = schema
  const refuseIf = (isWrong: (values: Checked) => boolean, error: (values: Checked) => string) => {
    checked = checked.refine((values) => !isWrong((values ?? {}) as Checked), {
      error: (issue) => error((issue.input ?? {}) as Checked),
      ...always,
    })
  }
  for (const name of secrets) {
    refuseIf(
      (values) => given(values, name) && given(values, `${name}_file`),
      () => `has both ${name} and ${name}_file; one of them is enough`,
    )
  }
  refuseIf(
    (values) => waysGiven(values).length > 1,
    (values) => `has several ways to sign in (${waysGiven(values).join(', ')}); keep one`,
  )
  const hasPassword = (values: Checked) => given(values, 'password') || given(values, 'password_file')
  refuseIf(
    (values) => given(values, 'username') && !hasPassword(values),
    () => 'has a username, but neither password nor password_file',
  )
  refuseIf(
    (values) => !given(values, 'username') && hasPassword(values),
    () => 'has a password, but no username',
  )
  refuseIf(
    (values) => given(values, 'client_certificate') !== given(values, 'client_key'),
    () => 'needs client_certificate and client_key together',
  )
  return checked as Schema
}

/** Undefined where the file gives no credentials. `region` is where the surroundings are, for SigV4. */
export function authenticationOf(values: CredentialValues, region: string | undefined): Authentication | undefined {
  const { username, sigv4 } = values
  const password = values.password ?? values.password_file
  const key = values.api_key ?? values.api_key_file
  const token = values.bearer_token ?? values.bearer_token_file
  if (username !== undefined && password !== undefined) {
    // A password that is the user's name, as on many a test cluster, would take the name out of every message.
    if (password !== username) registerSecret(password)
    return { kind: 'basic', username, password }
  }
  for (const secret of [key, key?.split(':')[1], token]) registerSecret(secret)
  if (key !== undefined) return { kind: 'apiKey', key }
  if (token !== undefined) return { kind: 'bearer', token }
  if (!sigv4) return undefined
  const { service, profile } = sigv4
  return { kind: 'sigv4', region: sigv4.region ?? region ?? '', service, profile }
}

/** Undefined where the file says nothing about certificates. */
export function tlsOf(values: CertificateValues): Partial<TlsOptions> | undefined {
  const passphrase = values.client_key_passphrase ?? values.client_key_passphrase_file
  registerSecret(passphrase)
  const options: [keyof TlsOptions, string | boolean | undefined][] = [
    ['caFile', values.ca],
    ['certFile', values.client_certificate],
    ['keyFile', values.client_key],
    ['keyPassphrase', passphrase],
    ['serverName', values.tls_name],
    ['verify', values.insecure ? false : undefined],
  ]
  const found = options.filter(([, value]) => value !== undefined)
  return found.length === 0 ? undefined : (Object.fromEntries(found) as Partial<TlsOptions>)
}
