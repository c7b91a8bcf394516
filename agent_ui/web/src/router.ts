/** Addresses of the console below /console/. Only the inbox is in the shell; the other pages come when opened. */
import { createRouter, createWebHistory } from 'vue-router'
import InboxPage from './pages/InboxPage.vue'
import { safeNext } from './shared/safeNext'
import { useSession } from './shared/session'
import { settingsFor } from './shared/settings'

export const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    { path: '/', redirect: '/inbox/mine' },
    { path: '/inbox', redirect: '/inbox/mine' },
    { path: '/inbox/:view/:id(\\d+)?', name: 'inbox', component: InboxPage },
    { path: '/tickets/:id(\\d+)', redirect: (to) => `/inbox/mine/${String(to.params.id)}` },
    { path: '/new', name: 'new', component: () => import('./pages/NewConversationPage.vue') },
    { path: '/search', name: 'search', component: () => import('./pages/SearchPage.vue') },
    { path: '/customers', name: 'customers', component: () => import('./pages/CustomersPage.vue') },
    { path: '/customers/:id(\\d+)', name: 'customer', component: () => import('./pages/CustomerPage.vue') },
    { path: '/mail', name: 'mail', component: () => import('./pages/LedgerPage.vue') },
    { path: '/preferences', name: 'preferences', component: () => import('./pages/PreferencesPage.vue') },
    {
      path: '/settings', component: () => import('./pages/settings/SettingsPage.vue'),
      children: [
        // on to the first page that the signed-in person may open; without one the frame says so
        { path: '', name: 'settings', component: () => import('./pages/settings/MailboxesPage.vue'), beforeEnter: () => settingsFor(useSession().can)[0]?.to ?? true },
        { path: 'mailboxes', name: 'mailboxes', component: () => import('./pages/settings/MailboxesPage.vue') },
        { path: 'mailboxes/new', name: 'newMailbox', component: () => import('./pages/settings/MailboxPage.vue') },
        { path: 'mailboxes/:id(\\d+)', name: 'mailbox', component: () => import('./pages/settings/MailboxPage.vue') },
        { path: 'blocked-senders', name: 'blockedSenders', component: () => import('./pages/settings/BlockedSendersPage.vue') },
        { path: 'automatic-mail', name: 'automaticMail', component: () => import('./pages/settings/AutomaticMailPage.vue') },
      ],
    },
    { path: '/sign-in', name: 'signIn', component: () => import('./pages/SignInPage.vue'), meta: { open: true } },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/MissingPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  const session = useSession()
  if (session.state === 'unknown') await session.load().catch(() => undefined)
  // "unknown" after a failed try: App.vue shows that the server cannot be reached and tries again
  if (session.state === 'unknown') return true
  if (session.state === 'out' && !to.meta.open) return { name: 'signIn', query: to.path === '/inbox/mine' ? {} : { next: to.fullPath } }
  if (session.state === 'in' && to.name === 'signIn') return safeNext(to.query.next)
  return true
})
