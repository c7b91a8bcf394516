/** Entry of the console: plug the parts together and mount. */
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { installHotkeys } from './shared/commands'
import { i18n } from './shared/i18n'
import './app.css'

installHotkeys()
createApp(App).use(createPinia()).use(i18n).mount('#app')
