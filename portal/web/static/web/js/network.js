// [data-offline] is shown while the browser has no connection.
{
  const show = () => {
    for (const notice of document.querySelectorAll("[data-offline]")) notice.hidden = navigator.onLine;
  };

  window.addEventListener("online", show);
  window.addEventListener("offline", show);
  show();
}
