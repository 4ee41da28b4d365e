// Command interop logs in to Latchkey with golang.org/x/oauth2, uses and refreshes the tokens, and prints what it saw.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	url, secret := os.Args[1], os.Args[2]
	ctx := context.Background()
	config := func(id, word string, style oauth2.AuthStyle) *oauth2.Config {
		endpoint := oauth2.Endpoint{TokenURL: url + "/token", AuthStyle: style}
		return &oauth2.Config{ClientID: id, ClientSecret: word, Endpoint: endpoint, Scopes: []string{"read"}}
	}
	app := config("app", secret, oauth2.AuthStyleAutoDetect)

	first, err := app.PasswordCredentialsToken(ctx, "johndoe", "secret")
	check(err)
	response, err := app.Client(ctx, first).Get(url + "/users/me")
	check(err)
	second := refresh(ctx, app, first)
	third := refresh(ctx, app, second)
	_, replayed := app.TokenSource(ctx, expired(first)).Token()

	public, err := config("web", "", oauth2.AuthStyleAutoDetect).PasswordCredentialsToken(ctx, "johndoe", "secret")
	check(err)
	credentials := clientcredentials.Config{ClientID: "app", ClientSecret: secret, TokenURL: url + "/token"}
	service, err := credentials.Token(ctx)
	check(err)
	_, wrong := app.PasswordCredentialsToken(ctx, "johndoe", "wrong")
	_, stranger := config("app", "wrong", oauth2.AuthStyleInHeader).PasswordCredentialsToken(ctx, "johndoe", "secret")

	check(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"profile":        response.StatusCode,
		"rotated":        first.RefreshToken != second.RefreshToken && second.RefreshToken != third.RefreshToken,
		"type":           public.Type(),
		"service":        service.Valid(),
		"replayed":       statusOf(replayed),
		"invalid_grant":  statusOf(wrong),
		"invalid_client": statusOf(stranger),
	}))
}

// expired gives a token that the library wants to refresh.
func expired(token *oauth2.Token) *oauth2.Token {
	return &oauth2.Token{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken, Expiry: time.Unix(1, 0)}
}

func refresh(ctx context.Context, config *oauth2.Config, token *oauth2.Token) *oauth2.Token {
	fresh, err := config.TokenSource(ctx, expired(token)).Token()
	check(err)
	return fresh
}

func statusOf(err error) int {
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		return refused.Response.StatusCode
	}
	return http.StatusOK
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
