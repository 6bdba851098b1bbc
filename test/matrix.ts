// The one list of the versions that are tested, as sources and as targets.
import type { ServerName } from './servers/catalogue.ts'

export const matrixServers = [
  'elasticsearch-1.7.6',
  'elasticsearch-2.4.6',
  'elasticsearch-5.6.16',
  'elasticsearch-6.8.23',
  'elasticsearch-7.10.2',
  'elasticsearch-7.17.29',
  'elasticsearch-8.19.2',
  'elasticsearch-9.1.0',
  'opensearch-1.3.14',
  'opensearch-2.19.4',
  'opensearch-3.8.0',
] as const satisfies readonly ServerName[]
