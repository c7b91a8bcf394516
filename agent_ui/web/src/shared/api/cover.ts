/** How a registered product is covered, and the one that a ticket is about. */

/** How a registered product is covered. */
export type Entitlement = 'in_warranty' | 'contract' | 'expired' | 'none'

/** The registered product that a ticket is about, as it is covered now. */
export interface TicketProduct {
  registrationId: number
  productId: number
  name: string
  serial: string
  customerId: number
  state: Entitlement
  until: string | null
  reason: string
  recalled: boolean
  claimed: boolean
}
