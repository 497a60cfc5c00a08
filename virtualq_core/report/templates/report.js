(function () {
  "use strict";
  document.querySelectorAll("pre.command").forEach(function (command) {
    if (!navigator.clipboard) { return; }
    var button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", function () {
      navigator.clipboard.writeText(command.textContent).then(function () { button.textContent = "Copied"; });
    });
    command.after(button);
  });
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (one) { one.open = true; });
  });
})();
