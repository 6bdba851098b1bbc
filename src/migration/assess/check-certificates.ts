// How long the certificates of a side are still good, and whether anybody looks at them.
import type { ServerCertificate } from '../../cluster/server-certificates.ts'
import { type Finding, finding } from './assessment.ts'

const dayMs = 86_400_000
const daysMin = 30

export function checkCertificates(
  side: 'source' | 'target',
  certificates: readonly ServerCertificate[],
  ourMs: number,
): Finding[] {
  const findings: Finding[] = []
  if (certificates.some(({ isVerified }) => !isVerified)) {
    findings.push(
      finding(
        'certificate',
        'warning',
        `the certificate of the ${side} is not verified, so that whoever is in between can read and change everything`,
        `Give the CA with --${side}-ca FILE instead of --${side}-insecure.`,
      ),
    )
  }
  const first = [...certificates].sort((a, b) => a.expiresAt - b.expiresAt)[0]
  if (!first) return findings
  const days = Math.floor((first.expiresAt - ourMs) / dayMs)
  const whose = `the certificate "${first.subject}" of the ${side} ${first.node}`
  const date = new Date(first.expiresAt).toISOString().slice(0, 10)
  if (days >= daysMin) return [...findings, finding('certificate', 'ok', `${whose} is good for ${days} days`)]
  const state = days < 0 ? `expired on ${date}` : `expires on ${date}, in ${days} days`
  const remedy = 'Renew it before the copy: connections made after that day are refused.'
  return [...findings, finding('certificate', 'warning', `${whose} ${state}`, remedy)]
}
