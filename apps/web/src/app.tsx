import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Route, Switch } from 'wouter';
import { HomePage } from './home/home-page.js';
import { MessagePage } from './ui/message-page.js';

// Each is loaded by those who open it: whoever only watches needs little.
const RoomPage = lazy(() => import('./room-page.js').then((file) => ({ default: file.RoomPage })));
const WatchPage = lazy(() => import('./watch/watch-page.js').then((file) => ({ default: file.WatchPage })));
const AdminPage = lazy(() => import('./admin/admin-page.js').then((file) => ({ default: file.AdminPage })));

export function App() {
  const { t } = useTranslation();
  return (
    <Suspense>
      <Switch>
        <Route path="/" component={HomePage} />
        <Route path="/room/:id">{({ id }) => <RoomPage key={id} roomId={id} />}</Route>
        <Route path="/watch/:id">{({ id }) => <WatchPage key={id} roomId={id} />}</Route>
        <Route path="/admin" component={AdminPage} />
        <Route>
          <MessagePage heading={t('notFound.heading')} text={t('notFound.hint')}>
            <Link className="button button-primary" href="/">
              {t('common.home')}
            </Link>
          </MessagePage>
        </Route>
      </Switch>
    </Suspense>
  );
}
