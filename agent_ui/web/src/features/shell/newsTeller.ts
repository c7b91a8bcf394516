/** Tells what is new wherever she is: messages, offers, reviews, her presence. It shows nothing, and comes after the shell. */
import { defineComponent } from 'vue'
import { useNotices } from './notices'
import { useOfferNotices } from './offers'
import { usePresenceNotices } from './presence'
import { useReviewNotices } from './reviews'

export default defineComponent({
  name: 'NewsTeller',
  setup() {
    useNotices()
    useReviewNotices()
    usePresenceNotices()
    useOfferNotices()
    return () => null
  },
})
