/** The chat window: a page of the desk in a frame of a customer's site (`portal/widget/pages.py`). */
import { createApp } from 'vue'
import App from './widget/App.vue'
import './widget/widget.css'
import { settings } from './widget/settings'

document.documentElement.style.setProperty('--hue', String(settings.hue))
createApp(App).mount('#app')
