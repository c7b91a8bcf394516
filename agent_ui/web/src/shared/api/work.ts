/** Why a ticket went to whom, and jobs that gave up. */

export interface Decision {
  at: string
  trigger: string
  chosen: { id: number; name: string } | null
  reason: string
  candidates: { agentId: number; name: string; score: number; excluded: string | null }[]
}

export interface HeldJob {
  id: number
  name: string
  error: string | null
  attempts: number
  heldAt: string
}
