import { PageContent } from '../page-content'

export default function Page() {
  return <PageContent path="/dashboard" />
}
