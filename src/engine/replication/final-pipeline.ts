// A template of the follower's cluster may give a follower a `final_pipeline`. It changes each document, and no write can pass it by, so it is switched
// off: documents are the leader's, as with the plugin, whose followers take nothing from templates.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { writeSettings } from '../../target/relaxed-settings.ts'

/** The servers' word for none. */
const none = '_none'

/** An index without one, and a version that knows none, is left as it is. */
export async function switchFinalPipelineOff(local: Cluster, follower: string): Promise<void> {
  const { body } = await local.json<Record<string, { settings?: { index?: { final_pipeline?: string } } }>>({
    method: 'GET',
    path: indexPath(follower, '_settings/index.final_pipeline'),
    accept: [404],
  })
  const { index: settings } = body[follower]?.settings ?? {}
  const given = settings?.final_pipeline ?? none
  if (given !== none) await writeSettings(local, follower, { final_pipeline: none })
}
