/** The pages about the desk as it is now, with the permission that each one asks for. */
export interface FloorPage {
  key: 'board' | 'waiting' | 'wallboard'
  to: string
  permission: string
}

const FLOOR_PAGES: readonly FloorPage[] = [
  { key: 'board', to: '/floor/board', permission: 'routing:supervise' },
  { key: 'waiting', to: '/floor/waiting', permission: 'routing:supervise' },
  { key: 'wallboard', to: '/floor/wallboard', permission: 'routing:read' },
]

/** Those that somebody may open. */
export const floorPages = (can: (permission: string) => boolean): FloorPage[] => FLOOR_PAGES.filter((page) => can(page.permission))
