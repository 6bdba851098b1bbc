import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** The folder for what must survive a crash: `--state`, else $INDEXFERRY_STATE, else the place that the operating system has for it. */
export function stateFolder(
  given: string | undefined,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  const named = given || env.INDEXFERRY_STATE
  if (named) return named
  const home = env.HOME || env.USERPROFILE || homedir()
  // The XDG base directory specification says that a relative path is to be ignored.
  const xdg = env.XDG_STATE_HOME
  if (xdg?.startsWith('/')) return join(xdg, 'indexferry')
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(home, 'AppData', 'Local'), 'indexferry')
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'indexferry')
  return join(home, '.local', 'state', 'indexferry')
}
