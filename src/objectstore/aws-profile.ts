// What the environment and a profile of the AWS configuration files say of endpoints and regions. Credentials in these files are read by
// AWS's own library, which takes longer to load than many a move.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { IndexferryError, type Side } from '../foundation/errors.ts'
import type { AmazonWishes } from './bucket-endpoint.ts'
import type { Environment } from './store-settings.ts'

export type AwsProfile = Readonly<Record<string, string>>

/** Of the profile that is named, else of AWS_PROFILE; empty where there is none. */
export function readAwsProfile(named: string | undefined, env: Environment): AwsProfile {
  const folder = join(env.HOME || env.USERPROFILE || homedir(), '.aws')
  const name = named ?? (env.AWS_PROFILE || 'default')
  const files = [
    env.AWS_SHARED_CREDENTIALS_FILE || join(folder, 'credentials'),
    env.AWS_CONFIG_FILE || join(folder, 'config'),
  ]
  return Object.assign({}, ...files.map((file) => sectionOf(textOf(file), name)))
}

/** A file that cannot be read says nothing, as with AWS's own tools. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** `[default]`, `[profile name]`, in the credentials file `[name]`. Settings of services are indented. */
function sectionOf(text: string, profile: string): AwsProfile {
  const found: Record<string, string> = {}
  let isOurs = false
  for (const line of text.split(/\r?\n/)) {
    const section = /^\s*\[\s*(?:profile\s+)?(["']?)(.*?)\1\s*\]/.exec(line)
    if (section) isOurs = section[2] === profile
    const setting = /^([\w-]+)\s*=\s*(.*?)\s*(?:\s[#;].*)?$/.exec(line)
    if (isOurs && setting) found[(setting[1] as string).toLowerCase()] = setting[2] as string
  }
  return found
}

export const amazonWishes = (profile: AwsProfile, env: Environment, side: Side): AmazonWishes => ({
  fips: isTrue('AWS_USE_FIPS_ENDPOINT', 'use_fips_endpoint', profile, env, side),
  dualStack: isTrue('AWS_USE_DUALSTACK_ENDPOINT', 'use_dualstack_endpoint', profile, env, side),
})

function isTrue(variable: string, setting: string, profile: AwsProfile, env: Environment, side: Side): boolean {
  const given = env[variable] || profile[setting]
  if (given === undefined || /^false$/i.test(given)) return false
  if (/^true$/i.test(given)) return true
  // Whoever asks for FIPS must not get something else by a slip.
  const where = env[variable] ? variable : `${setting} of the AWS profile`
  throw new IndexferryError('CONFIG_INVALID', `${where} is "${given}", neither true nor false`, {
    side,
    remedy: `Write true or false.`,
  })
}
