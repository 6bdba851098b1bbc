// Where the other tools are: installed on first use into the user's cache folder, never into this project.
import { join } from 'node:path'
import { buildOnce, cacheFolder } from '../test/servers/cache.ts'
import { fetchWith } from '../test/servers/run.ts'

const toolFolder = (tool: string, version: string): string => join(cacheFolder(), 'bench', `${tool}-${version}`)

/** The folder of an npm package of exactly this version, with its dependencies. */
export async function npmTool(name: string, version: string): Promise<string> {
  const folder = toolFolder(name, version)
  await buildOnce(folder, version, (into) =>
    fetchWith('npm', [
      'install',
      '--prefix',
      into,
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ]),
  )
  return join(folder, 'node_modules', name)
}

/** The Python of a virtual environment with exactly this version of a package. */
export async function pythonTool(name: string, version: string): Promise<string> {
  const folder = toolFolder(name, version)
  // Into a folder beside the environment: an environment knows its own path and cannot be renamed.
  await buildOnce(folder, version, async (into) => {
    await fetchWith('python3', [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--target',
      join(into, 'packages'),
      `${name}==${version}`,
    ])
  })
  return join(folder, 'packages')
}
