/** Addresses of the console below /console/. Only the inbox is in the shell; the other pages come when opened. */
import { createRouter, createWebHistory } from 'vue-router'
import InboxPage from './pages/InboxPage.vue'
import { floorPages } from './shared/floor'
import { withWords } from './shared/i18n'
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
    { path: '/new', name: 'new', component: () => withWords(import('./pages/NewConversationPage.vue'), 'desk') },
    { path: '/search', name: 'search', component: () => withWords(import('./pages/SearchPage.vue'), 'desk') },
    { path: '/customers', name: 'customers', component: () => withWords(import('./pages/CustomersPage.vue'), 'desk') },
    { path: '/customers/:id(\\d+)', name: 'customer', component: () => withWords(import('./pages/CustomerPage.vue'), 'desk') },
    // on to the first page that the signed-in person may open
    { path: '/floor', name: 'floor', component: () => import('./pages/MissingPage.vue'), beforeEnter: () => floorPages(useSession().can)[0]?.to ?? '/inbox/mine' },
    { path: '/floor/board', name: 'board', component: () => withWords(import('./pages/floor/BoardPage.vue'), 'routing', 'office', 'desk') },
    { path: '/floor/waiting', name: 'waiting', component: () => withWords(import('./pages/floor/WaitingPage.vue'), 'routing', 'office', 'desk') },
    { path: '/floor/wallboard', name: 'wallboard', component: () => withWords(import('./pages/floor/WallboardPage.vue'), 'routing', 'office', 'desk') },
    { path: '/wallboard', name: 'television', component: () => withWords(import('./pages/floor/TelevisionPage.vue'), 'routing'), meta: { bare: true, open: true } },
    { path: '/mail', name: 'mail', component: () => withWords(import('./pages/LedgerPage.vue'), 'office', 'desk') },
    { path: '/knowledge', name: 'knowledge', component: () => withWords(import('./pages/knowledge/ArticlesPage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/knowledge/tasks', name: 'knowledgeTasks', component: () => withWords(import('./pages/knowledge/TasksPage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/knowledge/announcements', name: 'announcements', component: () => withWords(import('./pages/knowledge/AnnouncementsPage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/knowledge/reports', name: 'knowledgeReports', component: () => withWords(import('./pages/knowledge/ReportsPage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/knowledge/whole', name: 'knowledgeWhole', component: () => withWords(import('./pages/knowledge/WholePage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/knowledge/:id(\\d+)', name: 'article', component: () => withWords(import('./pages/knowledge/ArticlePage.vue'), 'knowledge', 'desk', 'office') },
    { path: '/preferences', name: 'preferences', component: () => withWords(import('./pages/PreferencesPage.vue'), 'office', 'desk') },
    {
      path: '/settings', component: () => withWords(import('./pages/settings/SettingsPage.vue'), 'office', 'desk'),
      children: [
        // on to the first page that the signed-in person may open; without one the frame says so
        { path: '', name: 'settings', component: () => withWords(import('./pages/settings/MailboxesPage.vue'), 'office', 'desk'), beforeEnter: () => settingsFor(useSession().can)[0]?.to ?? true },
        { path: 'mailboxes', name: 'mailboxes', component: () => withWords(import('./pages/settings/MailboxesPage.vue'), 'office', 'desk') },
        { path: 'mailboxes/new', name: 'newMailbox', component: () => withWords(import('./pages/settings/MailboxPage.vue'), 'office', 'desk') },
        { path: 'mailboxes/:id(\\d+)', name: 'mailbox', component: () => withWords(import('./pages/settings/MailboxPage.vue'), 'office', 'desk') },
        { path: 'widgets', name: 'widgets', component: () => withWords(import('./pages/settings/WidgetsPage.vue'), 'widget', 'office', 'desk') },
        { path: 'widgets/new', name: 'newWidget', component: () => withWords(import('./pages/settings/WidgetPage.vue'), 'widget', 'office', 'desk') },
        { path: 'widgets/:id(\\d+)', name: 'widget', component: () => withWords(import('./pages/settings/WidgetPage.vue'), 'widget', 'office', 'desk') },
        { path: 'brands', name: 'brands', component: () => withWords(import('./pages/settings/BrandsPage.vue'), 'portal', 'office', 'desk') },
        { path: 'brands/new', name: 'newBrand', component: () => withWords(import('./pages/settings/BrandPage.vue'), 'portal', 'office', 'desk') },
        { path: 'brands/:id(\\d+)', name: 'brand', component: () => withWords(import('./pages/settings/BrandPage.vue'), 'portal', 'office', 'desk') },
        { path: 'request-topics', name: 'topics', component: () => withWords(import('./pages/settings/TopicsPage.vue'), 'portal', 'office', 'desk') },
        { path: 'request-topics/new', name: 'newTopic', component: () => withWords(import('./pages/settings/TopicPage.vue'), 'portal', 'office', 'desk') },
        { path: 'request-topics/of/:key', name: 'topic', component: () => withWords(import('./pages/settings/TopicPage.vue'), 'portal', 'office', 'desk') },
        { path: 'portal', name: 'portalChoices', component: () => withWords(import('./pages/settings/PortalChoicesPage.vue'), 'choices', 'office', 'desk') },
        { path: 'opening-hours', name: 'hours', component: () => withWords(import('./pages/settings/HoursPage.vue'), 'choices', 'office', 'desk') },
        { path: 'opening-hours/new', name: 'newSchedule', component: () => withWords(import('./pages/settings/SchedulePage.vue'), 'choices', 'office', 'desk') },
        { path: 'opening-hours/of/:name', name: 'schedule', component: () => withWords(import('./pages/settings/SchedulePage.vue'), 'choices', 'office', 'desk') },
        { path: 'search-words', name: 'searchWords', component: () => withWords(import('./pages/settings/SearchWordsPage.vue'), 'choices', 'office', 'desk') },
        { path: 'satisfaction', name: 'satisfaction', component: () => withWords(import('./pages/settings/SatisfactionPage.vue'), 'choices', 'office', 'desk') },
        { path: 'staffing', name: 'staffing', component: () => withWords(import('./pages/settings/StaffingPage.vue'), 'choices', 'office', 'desk') },
        { path: 'blocked-senders', name: 'blockedSenders', component: () => withWords(import('./pages/settings/BlockedSendersPage.vue'), 'office', 'desk') },
        { path: 'products', name: 'products', component: () => withWords(import('./pages/settings/ProductsPage.vue'), 'products', 'office', 'desk') },
        { path: 'warranty-rules', name: 'warrantyRules', component: () => withWords(import('./pages/settings/WarrantyRulesPage.vue'), 'products', 'office', 'desk') },
        { path: 'claims', name: 'claims', component: () => withWords(import('./pages/settings/ClaimsPage.vue'), 'products', 'office', 'desk') },
        { path: 'recalls', name: 'recalls', component: () => withWords(import('./pages/settings/RecallsPage.vue'), 'products', 'portal', 'office', 'desk') },
        { path: 'recalls/:id(\\d+)', name: 'recall', component: () => withWords(import('./pages/settings/RecallPage.vue'), 'products', 'portal', 'office', 'desk') },
        { path: 'api-keys', name: 'apiKeys', component: () => withWords(import('./pages/settings/ApiKeysPage.vue'), 'products', 'office', 'desk') },
        { path: 'people', name: 'people', component: () => withWords(import('./pages/settings/PeoplePage.vue'), 'office', 'desk') },
        { path: 'people/new', name: 'newPerson', component: () => withWords(import('./pages/settings/PersonPage.vue'), 'office', 'desk') },
        { path: 'people/:id(\\d+)', name: 'person', component: () => withWords(import('./pages/settings/PersonPage.vue'), 'office', 'desk') },
        { path: 'response-times', name: 'responseTimes', component: () => withWords(import('./pages/settings/ResponseTimesPage.vue'), 'choices', 'office', 'desk') },
        { path: 'queues', name: 'queues', component: () => withWords(import('./pages/settings/QueuesPage.vue'), 'routing', 'office', 'desk') },
        { path: 'skills', name: 'skills', component: () => withWords(import('./pages/settings/SkillsPage.vue'), 'routing', 'office', 'desk') },
        { path: 'kinds-of-work', name: 'kinds', component: () => withWords(import('./pages/settings/KindsPage.vue'), 'routing', 'office', 'desk') },
        { path: 'breaks', name: 'breaks', component: () => withWords(import('./pages/settings/BreaksPage.vue'), 'routing', 'office', 'desk') },
        { path: 'rules', name: 'rules', component: () => withWords(import('./pages/settings/RulesPage.vue'), 'rules', 'office', 'desk') },
        { path: 'rules/new', name: 'newRule', component: () => withWords(import('./pages/settings/RulePage.vue'), 'rules', 'office', 'desk') },
        { path: 'rules/:id(\\d+)', name: 'rule', component: () => withWords(import('./pages/settings/RulePage.vue'), 'rules', 'office', 'desk') },
        { path: 'macros', name: 'macros', component: () => withWords(import('./pages/settings/MacrosPage.vue'), 'rules', 'office', 'desk') },
        { path: 'webhooks/:id(\\d+)?', name: 'webhooks', component: () => withWords(import('./pages/settings/WebhooksPage.vue'), 'rules', 'office', 'desk') },
        { path: 'data-requests', name: 'dataRequests', component: () => withWords(import('./pages/settings/DataRequestsPage.vue'), 'office', 'desk') },
        { path: 'automatic-mail', name: 'automaticMail', component: () => withWords(import('./pages/settings/AutomaticMailPage.vue'), 'office', 'desk') },
      ],
    },
    { path: '/sign-in', name: 'signIn', component: () => withWords(import('./pages/SignInPage.vue'), 'desk'), meta: { open: true } },
    { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/MissingPage.vue') },
  ],
})

router.beforeEach(async (to) => {
  if (to.meta.bare) return true
  const session = useSession()
  if (session.state === 'unknown') await session.load().catch(() => undefined)
  // "unknown" after a failed try: App.vue shows that the server cannot be reached and tries again
  if (session.state === 'unknown') return true
  if (session.state === 'out' && !to.meta.open) return { name: 'signIn', query: to.path === '/inbox/mine' ? {} : { next: to.fullPath } }
  if (session.state === 'in' && to.name === 'signIn') return safeNext(to.query.next)
  return true
})
