/** Entry of the console: plug the parts together and mount. */
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { installHotkeys } from './shared/commands'
import { i18n } from './shared/i18n'
import './app.css'

installHotkeys()
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
