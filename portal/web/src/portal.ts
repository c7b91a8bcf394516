/** What the portal's pages gain where scripts run; every one of them works without. */
import { KeepForm } from './keepForm'
import { HelpSuggest } from './suggest'
import { TopicFields } from './topicFields'

customElements.define('help-suggest', HelpSuggest)
customElements.define('keep-form', KeepForm)
customElements.define('topic-fields', TopicFields)
