import { useTranslation } from 'react-i18next';
import { Link, Route, Switch } from 'wouter';
import { HomePage } from './home/home-page.js';
import { RoomPage } from './room-page.js';
import { MessagePage } from './ui/message-page.js';

export function App() {
  const { t } = useTranslation();
  return (
    <Switch>
      <Route path="/" component={HomePage} />
      <Route path="/room/:id">{({ id }) => <RoomPage key={id} roomId={id} />}</Route>
      <Route>
        <MessagePage heading={t('notFound.heading')} text={t('notFound.hint')}>
          <Link className="button button-primary" href="/">
            {t('common.home')}
          </Link>
        </MessagePage>
      </Route>
    </Switch>
  );
}
