// Puts a server together in the cache, laid out like an unpacked distribution: lib/, modules/, plugins/, config/.
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { assembleElasticsearch } from './assemble-elasticsearch.ts'
import { assembleOpenSearch } from './assemble-opensearch.ts'
import { buildOnce, cacheFolder, isBuilt } from './cache.ts'
import { describeServer, type ServerDescription, type ServerName } from './catalogue.ts'
import { requireJdk } from './java.ts'

/** To be raised when a change of the assembling code makes the servers already in a cache unfit. */
const edition = 1

/** The home of this server, from the cache or, the first time, resolved by Maven. */
export async function assembledHome(name: ServerName): Promise<string> {
  const server = describeServer(name)
  const home = homeOf(name)
  await buildOnce(home, fingerprint(server), async (temporary) => {
    const work = join(temporary, '.work')
    await mkdir(work)
    for (const folder of ['lib', 'modules', 'plugins', 'config']) await mkdir(join(temporary, folder))
    const jdk = requireJdk(server.java, name)
    const assemble = server.flavour === 'elasticsearch' ? assembleElasticsearch : assembleOpenSearch
    await assemble(server, { home: temporary, work, jdk })
    await rm(work, { recursive: true })
  })
  return home
}

export function isAssembled(name: ServerName): boolean {
  return isBuilt(homeOf(name), fingerprint(describeServer(name)))
}

function homeOf(name: ServerName): string {
  return join(cacheFolder(), 'servers', name)
}

/** What the assembled files depend on; settings, for one, are written at each start. */
function fingerprint({ distribution, libraries, modules, plugins, agent, rootPage }: ServerDescription): string {
  const parts = { edition, distribution, libraries, modules, plugins, agent, rootPage }
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}
