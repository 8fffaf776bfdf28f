"""The wallet's own tables: sign-in, encrypted personal data, redemption codes. No points: those come from the gateway."""
