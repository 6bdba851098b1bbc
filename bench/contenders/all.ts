import { bulkLoads } from './bulk-load.ts'
import type { Contender } from './contender.ts'
import { elasticdumps } from './elasticdump.ts'
import { gateway } from './gateway.ts'
import { indexferry } from './indexferry.ts'
import { opensearchPy } from './opensearch-py.ts'
import { readAlone } from './read-alone.ts'
import { reindexes } from './reindex.ts'

export const contenders: readonly Contender[] = [
  indexferry,
  gateway,
  ...reindexes,
  ...elasticdumps,
  opensearchPy,
  readAlone,
  ...bulkLoads,
]
