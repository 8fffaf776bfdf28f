"""The members' wallet: a phone-first web app, and the till page that redeems what a member approved."""
