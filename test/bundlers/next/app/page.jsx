'use client';

import { useEffect } from 'react';

export default function Page() {
  useEffect(() => {
    import('../app.js')
      .then(({ run }) => run())
      .catch((error) => ({ error: String(error) }))
      .then((result) => {
        window.result = result;
      });
  }, []);
  return <p>myelin</p>;
}
